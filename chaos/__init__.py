"""The chaos suite: one file for each family of faults."""
