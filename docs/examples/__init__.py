"""What docs/extending.md shows, each run by tests/docs/test_extending.py."""
