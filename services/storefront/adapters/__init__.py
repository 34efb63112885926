"""Where the storefront keeps its sessions, and how it asks the other services."""
