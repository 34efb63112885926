"""The storefront: the shop as pages, rendered on the server, for people with a browser."""
