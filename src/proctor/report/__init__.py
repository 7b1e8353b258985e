"""What an examination leaves: the certificate, and what the terminal says of it."""
