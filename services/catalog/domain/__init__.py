"""Products, how they are browsed and searched, and how prices change; knows neither HTTP nor storage."""
