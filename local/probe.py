"""Is a part ready? One HTTP request, answered at once or not."""

from __future__ import annotations

import urllib3

_POOL = urllib3.PoolManager(timeout=1.0, retries=False, num_pools=16, headers={"User-Agent": "tillwatch-local"})


def is_ready(url: str) -> bool:
    """Whether *url* answers 200 within a second."""
    try:
        return _POOL.request("GET", url, redirect=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False
