"""What the catalog's ports are connected to."""
