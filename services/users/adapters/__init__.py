"""Storage, hashing, mail and metrics."""
