"""The examination: what runs inside pytest once `--impl` is given."""
