"""Reads the specs, routing and alerts of an earlier commit, through git."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

from slo.catalogue import Catalogue
from slo.errors import GitError, SpecErrors
from slo.load import load

SPECS, ROUTING, ALERTS = "slo/specs", "alerts/routing.yaml", "alerts/specs"


def file_at(root: Path, ref: str, path: str) -> str | None:
    """The text of *path* at *ref*; None where that commit has no such file.

    Raises:  GitError: no git, or no such commit.
    """
    there = _git(root, "ls-tree", "--name-only", "--end-of-options", ref, path, otherwise=ref)
    return _git(root, "show", "--end-of-options", f"{ref}:{path}", otherwise=ref).decode() if there.strip() else None


def catalogue_at(root: Path, ref: str) -> Catalogue:
    """The catalogue as it was committed at *ref* of the repository *root*.

    Raises:  GitError: no git, no such commit, or no specs in it.
             SpecErrors: with files as git names them, `HEAD~1:slo/specs/….yaml`.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", otherwise=ref)
    name = commit.decode().strip()
    # Earlier commits had fewer of these.
    there = _git(root, "ls-tree", "--name-only", name, ROUTING, ALERTS, otherwise=ref).decode().split()
    packed = _git(root, "archive", "--format=tar", name, SPECS, *there, otherwise=ref)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        routing, alerts = (f"{folder}/{path}" if path in there else None for path in (ROUTING, ALERTS))
        try:
            return load([f"{folder}/{SPECS}"], routing, alerts, plugins=True, runbooks=False)
        except SpecErrors as error:
            faults = (replace(fault, path=fault.path.replace(f"{folder}/", f"{ref}:")) for fault in error.faults)
            raise SpecErrors(tuple(faults)) from None


def _git(root: Path, *arguments: str, otherwise: str) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise GitError("git is not installed; diff reads the specs of an earlier commit from it") from None
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise GitError(": ".join([f"git has no specs at {otherwise!r}", *reason])) from None
