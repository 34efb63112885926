"""Is a part ready? One HTTP request, answered at once or not."""

from __future__ import annotations

import urllib3

_POOL = urllib3.PoolManager(timeout=1.0, retries=False, num_pools=32, headers={"User-Agent": "tillwatch-local"})


def answers(url: str, status: int = 200) -> bool:
    """Whether *url* answers *status* within a second."""
    try:
        return _POOL.request("GET", url, redirect=False).status == status
    except urllib3.exceptions.HTTPError:
        return False
