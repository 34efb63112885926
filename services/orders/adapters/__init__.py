"""What the ports of orders are connected to."""
