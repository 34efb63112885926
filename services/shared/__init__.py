"""What every service of the shop is built from: errors, metrics, logs, health, faults, server settings."""
