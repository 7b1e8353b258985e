"""Cases of the profile `client`: one file for each section of spec/client.md."""
