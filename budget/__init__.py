"""What is left of each promise: read from Prometheus, shown and judged. Imports slo/ alone of ours."""
