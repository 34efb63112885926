"""One shopper with Locust's client, who takes the steps of a journey. Importing it patches sockets, as locust does."""

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, FastHttpSession

from synthetics.accounts import Lender
from synthetics.expect import Answer, StepFailed
from synthetics.journey import Journey, Outcome, Step, Taken, Verdict, Visit, arrive, leave, walk

MAX_MESSAGE = 200
# Far above any page of the shop. One without an end would fill the memory of whoever reads it.
MAX_BODY_BYTES = 4 * 2**20
# And so would one that unpacks to a thousand times its length.
PLAIN = {"Accept-Encoding": "identity"}
# None is an error to the client, which would read all of its body to tell of it.
EVERY_STATUS = frozenset(range(1000))


def _answer(response: Any) -> Answer:
    """Locust's *response* as journeys see it, its body read so far and no further."""
    headers = {name.lower(): value for name, value in (response.headers or {}).items()}
    try:
        text = _text(response, headers.get("content-encoding", "identity"))
    except StepFailed:
        # Of an error its status counts, whatever it says beside.
        if response.status_code < 400:
            raise
        text = ""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return Answer(status=response.status_code, headers=headers, body=body, text=text)


def _text(response: Any, encoding: str) -> str:
    if encoding.lower() != "identity":
        raise StepFailed(f"content encoding {encoding[:80]!r}, expected none")
    try:
        content = bytes(response.read(MAX_BODY_BYTES + 1))
    except FAILURE_EXCEPTIONS as error:
        raise StepFailed(f"the answer breaks off ({type(error).__name__})") from error
    if len(content) > MAX_BODY_BYTES:
        raise StepFailed(f"more than {MAX_BODY_BYTES} bytes")
    return content.decode("utf-8", errors="replace")


def _shown(error: str) -> str:
    """*error*, part of which the shop chose, as text that does nothing to a terminal and fits into any file."""
    return "".join(each if each.isprintable() else "?" for each in error)[:MAX_MESSAGE]


def thinking(random: Random, journey: Journey) -> Callable[[], float]:
    """How long somebody on *journey* thinks before a step."""
    return partial(random.uniform, *journey.think_seconds)


class Shopper:
    """Takes steps with *client*, pausing before each for *pause* seconds; tells *tell* each step's end.

    Args:    headers: of each request, asked for anew each time, as a claim has an end.
    """

    def __init__(
        self,
        client: FastHttpSession,
        journey: Journey,
        pause: Callable[[], float],
        tell: Callable[[str, str | None], None] = lambda name, error: None,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._client, self._journey, self._pause, self._tell = client, journey, pause, tell
        self._headers = headers
        client.client.valid_response_codes = EVERY_STATUS  # type: ignore[misc]  # as Locust itself does for redirects

    def visit(self, random: Random, accounts: Lender) -> Outcome:
        """Walk one visit, as somebody whom the shop has not seen before, and who keeps what was bought."""
        self._client.cookiejar.clear()
        visit = arrive(self._journey, accounts, random)
        try:
            return walk(self._journey, visit, self.take)
        finally:
            leave(self._journey, accounts, visit)

    def take(self, step: Step, visit: Visit, last: bool) -> Taken:
        """One try of *step*; whatever happens, it ends with what came of it."""
        gevent.sleep(self._pause())
        if step.together:
            visit.barrier()
        request = step.request(visit)
        verdict: Verdict | None = None
        error: str | None = None
        began = time.monotonic()
        # Redirects are answers to be judged: following one could leave the host that the load is allowed on.
        with self._client.request(
            request.method,
            request.path,
            name=step.name,
            json=request.body,
            headers={**PLAIN, **request.headers, **self._headers()},
            stream=True,
            catch_response=True,
            allow_redirects=False,
        ) as response:
            try:
                if response.status_code == 0:
                    raise StepFailed(f"no answer: {response.error}")
                verdict = step.judge(visit, _answer(response), last=last)
                response.success()
            except StepFailed as failure:
                error = str(failure)
            except Exception as surprise:  # an answer that the check did not foresee; what is in it is not shown
                error = f"the check ended with {type(surprise).__name__}"
            if error is not None:
                # Reports count failures by their text.
                error = _shown(f"{self._journey.name}: {error}")
                response.failure(error)
        self._tell(step.name, error)
        return Taken(verdict=verdict, began=began, ended=time.monotonic())
