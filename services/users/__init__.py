"""Accounts, passwords and the tokens that all other services trust."""
