"""One trial of a capacity search: a load run at one rate, and whether the shop bore it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synthetics import generator, outcome, saturation, verdict
from synthetics.bookkeeper import percentiles
from synthetics.capacity import Trial
from synthetics.live import Live
from synthetics.load_plan import LoadPlan
from synthetics.report import book_of, write
from synthetics.run import run
from synthetics.stopping import Stopping

# Steps that fail at the client: what a service never saw is in no SLO of its own.
MAX_FAILED_SHARE = 0.001
# What a trial that was too much has left behind is worked off.
SETTLE_SECONDS = 10.0
# A visit takes a quarter of a minute: before that there are fewer under way than the rate makes.
LEAD_SECONDS = 15


def trial_of(document: Mapping[str, Any], rate: float) -> Trial:
    """What *document*, of a run at *rate*, means."""
    total = book_of(document).sum()
    generators = generator.faults(document["generators"])
    why = [*document["reasons"]] if document["outcome"] == outcome.INVALID else _broken(document)
    share = total.failures / total.requests if total.requests else 0.0
    # The shop's own word, and the client's: where SLOs broke or steps failed, it was too slow, whatever else was.
    too_much = bool(_broken(document)) or share > MAX_FAILED_SHARE
    if share > MAX_FAILED_SHARE:
        why.append(f"{share:.2%} of the steps failed (at most {MAX_FAILED_SHARE:.2%})")
    lines = document["saturation"]
    seconds = max(1.0, (document["ended"] or 0) - (document["began"] or 0))
    return Trial(
        rate=rate,
        held=not why,
        why=tuple(why),
        generator=bool(generators) and not _broken(document),
        unknown=bool(outcome.unknown(document)) and not too_much,
        facts={
            "visits_per_s": round(total.begun / seconds, 2),
            "answers_per_s": round(total.requests / seconds, 1),
            **percentiles(total),
            "answers": total.requests,
            "failed": total.failures,
            "left_out": total.left_out,
            "generators": document["generators"],
            "fullest": [{name: each[name] for name in ("metric", "where", "mean", "highest")} for each in lines[:5]],
        },
        bottleneck=saturation.bottleneck(lines),
    )


def _broken(document: Mapping[str, Any]) -> list[str]:
    slos = (document["verdict"] or {}).get("slos", ())
    return [
        f"SLO {each['id']}: {each['sli']:.3%}, promised are {each['objective']:.3%}"
        for each in slos
        if each["verdict"] == verdict.FAIL
    ]


def _word(trial: Trial) -> str:
    if trial.unknown:
        return "proves nothing"
    return "the generator was too slow" if trial.generator else "did not hold"


@dataclass(slots=True, kw_only=True)
class Trials:
    """Makes them one after the other, each shown by *live*; reports go below *folder*."""

    plan: LoadPlan
    live: Live
    stopping: Stopping
    folder: Path | None
    ask: Callable[..., Any] = verdict.ask
    number: int = 0

    def attempt(self, rate: float) -> Trial | None:
        """The trial at *rate*; None: it was stopped."""
        if self.number:
            time.sleep(SETTLE_SECONDS)
        self.number += 1
        self.live.say(f"trial {self.number}: {rate:g} visits/s for {self.plan.seconds} s")
        seconds = self.plan.seconds + LEAD_SECONDS
        plan = replace(self.plan, peak=rate, seconds=seconds, lead_seconds=LEAD_SECONDS)
        document = run(plan, self.live, self.stopping, ask=self.ask)
        if self.folder is not None:
            write(document, self.folder / f"trial-{self.number}")
        if self.stopping.asked():
            return None
        trial = trial_of(document, rate)
        word = "held" if trial.held else _word(trial)
        numbers = f"{trial.facts['answers_per_s']} answers/s, p99 {(trial.facts['p99'] or 0) * 1000:.0f} ms"
        self.live.say(f"  {word}: {numbers}" + "".join(f"\n  {each}" for each in trial.why[:5]))
        return trial
