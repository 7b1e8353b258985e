"""Checks: pure functions from a history to findings. They know nothing of faults, sockets or processes."""
