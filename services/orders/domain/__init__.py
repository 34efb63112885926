"""Carts and orders and their rules; knows neither HTTP nor storage."""
