"""The storefront's jobs, as its metrics name them."""

PURGE = "purge"
BACKUP = "backup"
JOBS = (PURGE, BACKUP)
