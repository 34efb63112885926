"""The users' REST API under `/api/v1`, and the public keys."""
