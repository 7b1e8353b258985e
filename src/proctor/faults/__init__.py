"""Faults: what breaks the world, one kind a file. Each proves that it took effect and heals whatever happens."""
