"""Cases of the profile `discovery`: one file for each section of spec/discovery.md."""
