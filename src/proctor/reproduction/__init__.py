"""A failure mode on demand: the catalogue with all that is known of each entry, and each of them staged and told."""
