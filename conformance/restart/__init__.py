"""Cases of the profile `restart`: one file for each section of spec/restart.md."""
