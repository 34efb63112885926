"""The shop: one package a service, and what they share. No service imports another."""
