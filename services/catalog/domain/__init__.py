"""Products and how they are browsed; knows neither HTTP nor storage."""
