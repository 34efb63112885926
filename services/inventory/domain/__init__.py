"""Stock, reservations and their rules; knows neither HTTP nor storage."""
