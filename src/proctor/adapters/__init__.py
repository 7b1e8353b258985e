"""What an author begins with: a manifest, a server and a driver in their own language, which run as they are."""
