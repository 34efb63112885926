"""Steps and walking them: what is expected, what is waited for, and where a visit ends."""

from random import Random

import pytest

from synthetics.expect import Answer, StepFailed
from synthetics.journey import Journey, Step, Verdict, Visit, walk


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


def walked(journey: Journey, visit: Visit, verdicts: dict[str, list[Verdict | None]]) -> tuple[bool, list[tuple]]:
    """What came of it, and the steps that were taken, with whether each was the last try."""
    taken: list[tuple] = []

    def take(step: Step, visit: Visit, last: bool) -> Verdict | None:
        taken.append((step.name, last))
        return verdicts.get(step.name, [Verdict.PASSED]).pop(0)

    return walk(journey, visit, take), taken


def test_a_visit_takes_its_steps_in_order_and_leaves_out_what_is_not_for_it(visit: Visit) -> None:
    """Each once."""
    steps = (step("come"), step("pay", when=lambda visit: False), step("go"))
    passed, taken = walked(Journey(name="j", steps=steps, think_seconds=(0, 0)), visit, {})
    assert (passed, taken) == (True, [("come", True), ("go", True)])


def test_a_visit_ends_at_the_first_step_that_fails(visit: Visit) -> None:
    """Later ones build on it."""
    journey = Journey(name="j", steps=(step("come"), step("go")), think_seconds=(0, 0))
    assert walked(journey, visit, {"come": [None]}) == (False, [("come", True)])


def test_a_step_is_tried_until_it_has_passed(visit: Visit) -> None:
    """And then the visit goes on."""
    journey = Journey(name="j", steps=(step("wait", tries=3), step("go")), think_seconds=(0, 0))
    passed, taken = walked(journey, visit, {"wait": [Verdict.AGAIN, Verdict.PASSED]})
    assert (passed, taken) == (True, [("wait", False), ("wait", False), ("go", True)])
