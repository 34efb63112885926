"""Writes a service's OpenAPI document where client programs and reviews find it.

    python -m services.shared.openapi_document NAME            writes docs/openapi/NAME.json
    python -m services.shared.openapi_document NAME --check    tells whether that is what the service serves

The document is what the service serves at /api/openapi.json when it is built as production builds it.
"""

import argparse
import difflib
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.shared.issuer import Issuer
from services.shared.openapi import SPEC_PATH
from services.shared.openapi_changes import breaking

SERVICES = Path(__file__).resolve().parent.parent
FOLDER = SERVICES.parent / "docs" / "openapi"
MAX_DIFFERENCES = 60
# What the interpreter itself needs; what else the caller's environment says must not show in a document.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "TMPDIR")


def names() -> tuple[str, ...]:
    """The services that have an API of their own."""
    return tuple(sorted(path.parent.name for path in SERVICES.glob("*/api")))


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Where *folder* keeps the document of the service *name*."""
    return folder / f"{name}.json"


def as_text(document: Any) -> str:
    """*document* as it is kept: the same bytes for the same document."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def served(name: str) -> Any:
    """The document of the service *name*, built from an environment that says next to nothing.

    Changes the environment of this process, and imports the service into it: for the command alone.
    """
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    with tempfile.TemporaryDirectory(prefix="tillwatch-openapi-") as folder:
        os.environ.clear()
        keys = Issuer.create(Path(folder) / "keys").folder
        signing = {"SIGNING_KEY_FILE": str(keys / "issuer.key.json")}
        os.environ.update(kept | {"DATA_DIR": folder, "LOG_LEVEL": "error"} | signing)
        app = importlib.import_module(f"services.{name}.wsgi").app
        return app.test_client().get(SPEC_PATH).get_json()


def main(arguments: Sequence[str]) -> int:
    """The command. Returns its exit code: with --check 1 when the kept document is another."""
    parser = argparse.ArgumentParser(
        prog="python -m services.shared.openapi_document", description="Keeps OpenAPI documents."
    )
    parser.add_argument("name", choices=names(), metavar="NAME", help=", ".join(names()))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="instead of docs/openapi")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is out of date")
    parsed = parser.parse_args(arguments)
    path = path_of(parsed.name, parsed.folder)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = as_text(served(parsed.name))
    if before == after:
        print(f"{path}: up to date")
        return 0
    _say_what_breaks(before, after)
    if parsed.check:
        differences = difflib.unified_diff(before.splitlines(), after.splitlines(), "kept", "served", lineterm="")
        print("\n".join([*differences][:MAX_DIFFERENCES]))
        print(f"{path}: not what the service serves", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(after, encoding="utf-8")
    unfinished.replace(path)
    print(f"{path}: written")
    return 0


def _say_what_breaks(before: str, after: str) -> None:
    for line in breaking(json.loads(before), json.loads(after)) if before else ():
        print(f"breaks clients: {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
