"""Payments and their ledger; knows neither HTTP nor storage."""
