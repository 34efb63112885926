"""Orders: carts, and how they are bought without an order lost, a unit oversold or a card charged twice."""
