"""What `./generate.py` can be told to do, one module a command; joins slo, alerts, dashboards and budget."""
