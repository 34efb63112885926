"""The quick start of the rules comes to its end."""

import pytest

from local import warm_up
from local.settings import Settings
from local.warm_up import WarmUp

RULES = "groups:\n- name: a\n  interval: 2m\n  rules: []\n"


@pytest.fixture
def source(settings: Settings) -> Settings:
    """Settings of a tree with one rule file."""
    settings.generated_rules.mkdir(parents=True)
    settings.rules.mkdir(parents=True)
    (settings.generated_rules / "a.yaml").write_text(RULES)
    return settings


def test_it_ends_once_with_the_generated_rules(source: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus reads them again once, not at every look."""
    monkeypatch.setattr(warm_up, "WARM_UP_SECONDS", 0)
    reloads: list[str] = []
    subject = WarmUp(source, reload=lambda: reloads.append((source.rules / "a.yaml").read_text()))
    subject.tick()
    subject.tick()
    assert reloads == [RULES]


def test_until_then_nothing_happens(source: Settings) -> None:
    """The rules stay quick."""
    reloads: list[str] = []
    WarmUp(source, reload=lambda: reloads.append("")).tick()
    assert reloads == []
    assert list(source.rules.iterdir()) == []
