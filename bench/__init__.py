"""Side-by-side measurements: what the generated rules and their generation cost and do, beside the real sloth."""
