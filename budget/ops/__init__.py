"""/ops: what is left of each promise, what fires and what is broken, on one page, with what can be done about it."""
