"""What people look at: Grafana dashboards, one module each, built from the catalogue."""
