"""Processes of the implementation: started, observed in /proc, signalled by pidfd, never left behind."""
