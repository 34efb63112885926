"""Steps and walking them: what is expected, what is waited for, and where a visit ends."""

from random import Random

import pytest

from synthetics.accounts import Account, Accounts, ProbeAccounts
from synthetics.expect import Answer, StepFailed
from synthetics.journey import (
    Journey,
    Outcome,
    RunIn,
    Step,
    Taken,
    Verdict,
    Visit,
    arrive,
    clean_up,
    leave,
    walk,
)


def answer(status: int = 200, **body: object) -> Answer:
    """JSON with this status."""
    return Answer(status=status, headers={"content-type": "application/json"}, body=body)


def step(name: str = "look", **fields) -> Step:
    """A step whose answers are all good, but for what *fields* say."""
    return Step(**({"name": name, "path": lambda visit: "/", "check": lambda visit, found: None} | fields))


@pytest.fixture
def visit() -> Visit:
    """Somebody who has just come."""
    return Visit(random=Random(1))


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, {}, "^status 500, expected 201 or 409$"),
        (429, {"code": "too_many_requests"}, r"^status 429 \(too_many_requests\), expected 201 or 409$"),
        (400, {"code": "ada@example.com"}, "^status 400, expected 201 or 409$"),
        (200, {}, "^status 200, expected 201 or 409$"),
    ],
)
def test_another_status_than_expected_fails(visit: Visit, status: int, body: dict, message: str) -> None:
    """The message has the problem's code, if it is one, and nothing else that the shop sent."""
    with pytest.raises(StepFailed, match=message):
        step(expected=(201, 409)).judge(visit, answer(status, **body))


def test_a_token_that_is_refused_is_not_shown_again(visit: Visit) -> None:
    """The next visit logs in."""
    visit.account.registered = True
    visit.account.keep({"access_token": "a", "refresh_token": "b", "expires_in": 600})
    with pytest.raises(StepFailed):
        step().judge(visit, answer(401))
    assert visit.account.must_log_in


def test_what_is_waited_for_is_asked_again_and_not_for_ever(visit: Visit) -> None:
    """A good answer that is not there yet; the last one fails."""
    waiting = step(settled=lambda visit: False, tries=3)
    assert waiting.judge(visit, answer(), last=False) is Verdict.AGAIN
    with pytest.raises(StepFailed, match="still not there after 3 tries"):
        waiting.judge(visit, answer(), last=True)


def journey(*steps: Step, **fields) -> Journey:
    """Those steps, one after the other."""
    return Journey(
        **({"name": "j", "steps": steps, "think_seconds": (0, 0), "run_in": frozenset({RunIn.LOAD})} | fields)
    )


class Road:
    """Takes steps, each of which lasts as long as *seconds* says, and ends as *verdicts* say."""

    def __init__(self, verdicts: dict[str, list[Verdict | None]], seconds: dict[str, float]) -> None:
        self.verdicts, self.seconds, self.now = verdicts, seconds, 1000.0
        self.taken: list[tuple[str, bool]] = []

    def take(self, step: Step, visit: Visit, last: bool) -> Taken:
        """One try of *step*."""
        self.taken.append((step.name, last))
        began, self.now = self.now, self.now + self.seconds.get(step.name, 0.0)
        verdict = self.verdicts.get(step.name, [Verdict.PASSED]).pop(0)
        return Taken(verdict=verdict, began=began, ended=self.now)


def walked(
    found: Journey, visit: Visit, verdicts: dict[str, list[Verdict | None]] | None = None, **seconds: float
) -> tuple[Outcome, list[tuple]]:
    """What came of it, and the steps that were taken, with whether each was the last try."""
    road = Road(verdicts or {}, seconds)
    return walk(found, visit, road.take), road.taken


def test_a_visit_takes_its_steps_in_order_and_leaves_out_what_is_not_for_it(visit: Visit) -> None:
    """Each once."""
    steps = (step("come"), step("pay", when=lambda visit: False), step("go"))
    assert walked(journey(*steps), visit) == (Outcome.PASSED, [("come", True), ("go", True)])


def test_a_visit_ends_at_the_first_step_that_fails(visit: Visit) -> None:
    """Later ones build on it."""
    found = walked(journey(step("come"), step("go")), visit, {"come": [None]})
    assert found == (Outcome.FAILED, [("come", True)])


def test_a_step_is_tried_until_it_has_passed(visit: Visit) -> None:
    """And then the visit goes on."""
    found = walked(journey(step("wait", tries=3), step("go")), visit, {"wait": [Verdict.AGAIN, Verdict.PASSED]})
    assert found == (Outcome.PASSED, [("wait", False), ("wait", False), ("go", True)])


@pytest.mark.parametrize(
    ("limit", "own", "took", "outcome"),
    [
        pytest.param(None, None, 9.0, Outcome.PASSED, id="no limit"),
        pytest.param(0.5, None, 0.5, Outcome.PASSED, id="in time"),
        pytest.param(0.5, None, 0.51, Outcome.SLOW, id="late for the journey"),
        pytest.param(0.5, 2.0, 1.0, Outcome.PASSED, id="a limit of its own"),
        pytest.param(None, 2.0, 2.1, Outcome.SLOW, id="late for its own"),
    ],
)
def test_a_step_that_is_late_makes_the_visit_slow(visit: Visit, limit, own, took: float, outcome: Outcome) -> None:
    """And it goes on: what comes later may fail yet."""
    found = journey(step("come", within_seconds=own), step("go"), within_seconds=limit)
    assert walked(found, visit, come=took) == (outcome, [("come", True), ("go", True)])
    assert walked(found, visit, {"go": [None]}, come=took)[0] is Outcome.FAILED


@pytest.mark.parametrize(("waits", "outcome"), [(3, Outcome.PASSED), (4, Outcome.SLOW)])
def test_time_may_begin_with_an_earlier_step(visit: Visit, waits: int, outcome: Outcome) -> None:
    """Two seconds of ordering and a second for each look at the order: five in all are in time."""
    seeing = step("see", tries=9, within_seconds=5.0, since="order")
    verdicts = {"see": [Verdict.AGAIN] * (waits - 1) + [Verdict.PASSED]}
    assert walked(journey(step("order"), seeing), visit, verdicts, order=2.0, see=1.0)[0] is outcome


def test_all_that_is_left_is_cleared_away_though_a_part_of_it_fails(visit: Visit) -> None:
    """What needs no clearing away is left out."""
    steps = (step("list"), step("keep", when=lambda visit: False), step("cancel"))
    found = journey(clean_up=steps)
    road = Road({"list": [None]}, {})
    assert (clean_up(found, visit, road.take), road.taken) == (False, [("list", True), ("cancel", True)])
    assert clean_up(found, visit, Road({}, {}).take)


def test_a_visit_has_the_accounts_that_its_journey_needs() -> None:
    """The shopper's own and those of others; all are given back."""
    accounts = Accounts(random=Random(1), handful=2)
    found = journey(signs_in=True, others=("seller",))
    came = arrive(found, accounts, Random(1))
    assert (came.account in accounts.free, len(accounts.free), set(came.others)) == (False, 0, {"seller"})
    leave(found, accounts, came)
    assert len(accounts.free) == 2
    leave(journey(), accounts, arrive(journey(), accounts, Random(1)))
    assert len(accounts.free) == 2


def test_whose_token_is_refused_is_who_showed_it() -> None:
    """The next visit logs staff in, and the shopper is as before."""
    found = journey(signs_in=True, others=("staff",))
    came = arrive(found, ProbeAccounts(key="k", journey="j"), Random(1))
    everybody: list[Account] = [came.account, came.others["staff"]]
    for account in everybody:
        account.keep({"access_token": "a", "refresh_token": "b", "expires_in": 600})
    with pytest.raises(StepFailed):
        step(who=lambda visit: visit.others["staff"]).judge(came, answer(401))
    assert [account.must_log_in for account in everybody] == [False, True]
