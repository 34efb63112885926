"""What the gateway's ports are connected to."""
