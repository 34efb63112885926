"""Hypothesis profiles: a short deterministic one for every run, a long random one for `make test-full`."""

import os

from hypothesis import settings

# Examples start processes and read files now and then, so that no time limit for one example is meaningful.
settings.register_profile("default", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("full", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "default")
