"""The conformance suite: one folder for each profile, one file for each section of its spec."""
