"""Cases of the profile `supervision`: one file for each section of spec/supervision.md."""
