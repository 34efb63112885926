"""The platform on one machine: real Prometheus and Alertmanager, shop and shoppers, without Docker."""
