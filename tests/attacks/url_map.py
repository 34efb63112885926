"""Prints the routes of one service as its own application knows them, also those that no document names.

python -m tests.attacks.url_map NAME
"""

import importlib
import json
import re
import sys
from typing import Any


def rules(app: Any) -> list[dict[str, Any]]:
    """Each rule of *app*, its path written as documents write it: `/api/v1/orders/{order_id}`."""
    return [
        {
            "path": re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule),
            "methods": sorted(rule.methods or ()),
            "parameters": sorted(rule.arguments),
        }
        for rule in app.url_map.iter_rules()
    ]


if __name__ == "__main__":
    print(json.dumps(rules(importlib.import_module(f"services.{sys.argv[1]}.wsgi").app)))
