"""What local/compose.yaml is started with, made by the code that the platform without Docker is configured by."""
