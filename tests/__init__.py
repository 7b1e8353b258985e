"""The kit's own tests. A package, so that nobody else's `tests` is taken for it where tests.broken is run."""
