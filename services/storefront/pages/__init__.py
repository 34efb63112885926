"""The pages and what stands around each of them."""
