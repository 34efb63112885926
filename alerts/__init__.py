"""Who is woken, and why: alerts and routes, built from the catalogue."""
