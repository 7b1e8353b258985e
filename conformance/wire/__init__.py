"""Cases of the profile `wire`: one file for each section of spec/wire.md."""
