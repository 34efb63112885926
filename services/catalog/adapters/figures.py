"""The names under which the catalog's jobs leave their figures."""

BACKUP = "backup"
