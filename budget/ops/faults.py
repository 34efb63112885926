"""Breaks and mends services by their own `/internal/faults`, with the token of this run: services/README.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from budget.errors import BudgetError, QueryFailed, Unreachable
from budget.ops.errors import NotAnswered, NotHere, PartlyDone
from budget.ops.peer import Peer

PATH = "/internal/faults"
LOOK_SECONDS = 1.5
"""Who stands still on purpose does not answer: the others are shown all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """A fault that is on. share: of requests, 0–1."""

    target: str
    fault: str
    share: float
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What is on, and of whom that is not known."""

    active: tuple[Active, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Whoever has something to mend."""
        return tuple(dict.fromkeys(each.target for each in self.active))


class Faults:
    """Who takes faults: by name the address of each of its replicas."""

    def __init__(self, targets: Mapping[str, Iterable[str]], token_file: Path) -> None:
        self._peers = {name: tuple(map(Peer, urls)) for name, urls in targets.items()}
        self._token_file = token_file

    @property
    def names(self) -> tuple[str, ...]:
        """Whom one can break."""
        return tuple(self._peers)

    def break_(self, target: str, body: Mapping[str, Any]) -> None:
        """Switch the fault *body* on in every replica of *target*.

        Raises:  Unreachable, Refused, NotAnswered, PartlyDone, NotHere.
        """
        self._all(target, "POST", dict(body))

    def mend(self, target: str) -> None:
        """Switch every fault of *target* off.

        Raises:  Unreachable, Refused, NotAnswered, PartlyDone, NotHere.
        """
        self._all(target, "DELETE", None)

    def broken(self) -> Broken:
        """What is on everywhere; all are asked at once."""
        if not self._peers:
            return Broken()
        with ThreadPoolExecutor(max_workers=len(self._peers)) as pool:
            answers = list(pool.map(self._active, self._peers))
        return Broken(
            active=tuple(each for active in answers for each in active or ()),
            silent=tuple(name for name, active in zip(self._peers, answers, strict=True) if active is None),
        )

    def _all(self, target: str, method: str, body: dict[str, Any] | None) -> None:
        """Every replica, also where one of them fails."""
        if target not in self._peers:
            raise NotHere(f"{target} cannot be broken from here: the page knows {', '.join(self._peers) or 'nobody'}")
        bearer = self._token()
        done: list[str] = []
        failures: list[BudgetError] = []
        for peer in self._peers[target]:
            try:
                peer.ask(method, PATH, body=body, bearer=bearer)
                done.append(peer.url)
            except BudgetError as error:
                failures.append(error)
        says = "; ".join(map(str, failures))
        if failures and done:
            raise PartlyDone(f"{', '.join(done)} did it; {says}")
        if failures:
            perhaps = any(isinstance(each, NotAnswered) for each in failures)
            raise NotAnswered(says) if perhaps else type(failures[0])(says)

    def _active(self, name: str) -> list[Active] | None:
        """What is on in *name*; None where one of its replicas does not say."""
        try:
            found = [each for peer in self._peers[name] for each in self._told(name, peer)]
        except BudgetError:
            return None
        # Replicas have the same; the one that lasts longest stands for all.
        longest = {each.fault: each for each in sorted(found, key=lambda each: each.seconds_left)}
        return list(longest.values())

    def _told(self, name: str, peer: Peer) -> list[Active]:
        answer = peer.ask("GET", PATH, bearer=self._token(), timeout_seconds=LOOK_SECONDS)
        try:
            return [
                Active(
                    target=name,
                    fault=str(row["fault"]),
                    share=float(row["share"]),
                    seconds_left=float(row["seconds_left"]),
                )
                for row in answer["faults"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise QueryFailed(f"{peer.url} has not the shape of {PATH}: {error!r}") from error

    def _token(self) -> str:
        try:
            # Each time: a platform that was started anew has a new one.
            return self._token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Unreachable(f"{self._token_file}: no token to break things with ({error.strerror})") from error
