"""Inventory: how many units there are, and for whom they are held."""
