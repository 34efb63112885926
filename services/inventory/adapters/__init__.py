"""What the inventory's ports are connected to."""
