"""Synthetic shoppers: journeys that check what the shop answers, and the load they make."""
