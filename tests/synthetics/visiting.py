"""Walks journeys through a real shop over plain HTTP, and changes answers on the way."""

import copy
import http.client
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from urllib.parse import urlsplit

from local.shop_run import SECRETS, ShopRun
from synthetics.accounts import Lender, staff
from synthetics.expect import Answer, StepFailed
from synthetics.journey import (
    Journey,
    Outcome,
    Request,
    Step,
    Taken,
    Verdict,
    Visit,
    arrive,
    clean_up,
    leave,
    walk,
)
from tests.synthetics.runs import PROBE_KEY

Lie = Callable[[str, Answer], Answer]
KEY = SECRETS["TRAFFIC_KEY"]
# What is waited for takes the shop's worker a moment; a probe waits longer, and a lie is told at each try.
AGAIN_SECONDS = 0.1


def truth(name: str, answer: Answer) -> Answer:
    """What the shop said."""
    return answer


def ask(url: str, request: Request, headers: Mapping[str, str] | None = None) -> Answer:
    """One request over a connection of its own."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    typed = {} if request.body is None else {"Content-Type": "application/json"}
    body = None if request.body is None else json.dumps(request.body)
    try:
        connection.request(
            request.method, request.path, body=body, headers={**typed, **request.headers, **(headers or {})}
        )
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    found = {name.lower(): value for name, value in response.getheaders()}
    is_json = found.get("content-type", "").partition(";")[0].endswith("json")
    return Answer(status=response.status, headers=found, body=json.loads(text) if is_json and text else None, text=text)


@dataclass
class Walker:
    """Takes steps; *lie* changes answers by the step's name. headers: of each request. taken: the steps' names.

    again_seconds: between two tries of a step.
    """

    shop: ShopRun
    lie: Lie = truth
    headers: Callable[[], Mapping[str, str]] = dict
    again_seconds: float = AGAIN_SECONDS
    taken: list[str] = field(default_factory=list)
    failed: StepFailed | None = None

    def take(self, step: Step, visit: Visit, last: bool) -> Taken:
        """One try. What failed is noted."""
        if self.taken and self.taken[-1] == step.name and step.tries > 1:
            time.sleep(self.again_seconds)
        self.taken.append(step.name)
        began, answer = time.monotonic(), ask(self.shop.url, step.request(visit), self.headers())
        verdict: Verdict | None = None
        try:
            verdict = step.judge(visit, self.lie(step.name, copy.deepcopy(answer)), last=last)
        except StepFailed as failure:
            self.failed = self.failed or failure
        return Taken(verdict=verdict, began=began, ended=time.monotonic())


@dataclass
class Walked:
    """A visit that is over. error: why it failed. cleaned: whether all it left was cleared away."""

    visit: Visit
    outcome: Outcome
    error: StepFailed | None
    taken: list[str]
    cleaned: bool


def walked(
    shop: ShopRun,
    lender: Lender,
    journey: Journey,
    lie: Lie = truth,
    *,
    probes: bool = False,
    headers: Callable[[], Mapping[str, str]] = dict,
    again_seconds: float = AGAIN_SECONDS,
    **known,
) -> Walked:
    """One visit to its end, cleared away without a lie."""
    visit = arrive(journey, lender, Random(7), probes=probes)
    for name, value in known.items():
        setattr(visit, name, value)
    walker = Walker(shop, lie, headers, again_seconds)
    try:
        outcome = walk(journey, visit, walker.take)
        cleaned = clean_up(journey, visit, Walker(shop, headers=headers).take)
    finally:
        leave(journey, lender, visit)
    return Walked(visit, outcome, walker.failed, walker.taken, cleaned)


def add_staff(shop: ShopRun) -> None:
    """The account by which probes change a price, as the platform makes it."""
    account = staff(PROBE_KEY)
    file = shop.folder / "probe-staff.password"
    file.write_text(account.password, encoding="utf-8")
    file.chmod(0o600)
    with_file = replace(shop.plan, extra={**shop.plan.extra, "PASSWORD_FILE": str(file)})
    done = ShopRun(shop.folder, shop.issuer, with_file).run(
        "services.users.jobs", "add", account.email, "staff", service="users"
    )
    file.unlink()
    assert done.returncode == 0, done.stderr


def units_of(shop: ShopRun, sku: str) -> int:
    """How many can be bought."""
    answer = ask(shop.url, Request(method="GET", path=f"/api/v1/stock/{sku}", headers={}, body=None))
    return int(answer.body["available"])


def json_lie(change: Callable[[dict], object]) -> Callable[[Answer], Answer]:
    """A change of the JSON alone."""

    def apply(answer: Answer) -> Answer:
        change(answer.body)
        return answer

    return apply


def page_lie(old: str, new: str) -> Callable[[Answer], Answer]:
    """Another text in a page, wherever it matches."""
    return lambda answer: replace(answer, text=re.sub(old, new, answer.text))


def status_lie(status: int) -> Callable[[Answer], Answer]:
    """Another status."""
    return lambda answer: replace(answer, status=status)


def lie_at(step: str, change: Callable[[Answer], Answer]) -> Lie:
    """A lie that changes the answers of *step* only."""
    return lambda name, answer: change(answer) if name == step else answer
