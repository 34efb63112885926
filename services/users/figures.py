"""The jobs of users, by the names that their figures have."""

PURGE = "purge"
BACKUP = "backup"
JOBS = (PURGE, BACKUP)
