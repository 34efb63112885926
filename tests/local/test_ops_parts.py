"""/ops as a part of the platform: what it is started with, and how people get what lets them act there."""

from click.testing import CliRunner

from budget.ops import opening
from budget.ops.opening import Options
from budget.serve_command import serve
from local.__main__ import main
from local.choice import Choice
from local.ops_parts import ops
from local.secret import write_secret
from local.settings import Settings
from local.shop import SERVICES


def options(settings: Settings, choice: Choice, *, jaeger: bool = False) -> Options:
    """What the page makes of its command."""
    part = ops(settings, choice, promtool="promtool", jaeger=jaeger)
    return Options(**serve.make_context("serve", list(part.command[4:])).params, token="")


def test_it_takes_what_the_platform_starts_it_with(settings: Settings) -> None:
    """Every option is one that it knows; it opens with the token that the platform has written, and breaks all."""
    write_secret(settings.ops_token, "t" * 32)
    given = options(settings, Choice(), jaeger=True)
    assert opening.door(given).is_right("t" * 32)
    desk = opening.desk(given)
    assert (desk.environment, desk.jaeger, desk.server.url) == (
        "local",
        settings.url("jaeger"),
        settings.url("prometheus"),
    )
    assert desk.alertmanagers.urls == (settings.url("alertmanager"), settings.url("alertmanager-2"))
    assert desk.faults is not None
    assert desk.faults.names == (*SERVICES, "pagerduty")
    assert desk.drills is not None
    assert given.jaeger is not None
    assert options(settings, Choice()).jaeger is None


def test_every_replica_is_broken(settings: Settings) -> None:
    """One that is left whole would carry the shop."""
    given = options(settings, Choice(scale={"orders": 2}, postgres=True))
    assert [word for word in given.targets if word.startswith("orders=")] == [
        f"orders={settings.url('orders')}",
        f"orders={settings.url('orders-2')}",
    ]


def test_the_token_is_on_no_command_line(settings: Settings) -> None:
    """Everybody on the machine sees these."""
    write_secret(settings.ops_token, "t" * 32)
    part = ops(settings, Choice(), promtool="promtool", jaeger=False)
    assert "t" * 32 not in " ".join(part.command)
    assert part.environment == {}


def test_it_is_ready_when_it_lives_and_stops_before_what_it_asks(settings: Settings) -> None:
    """It shows a Prometheus that is away, so that nobody waits for more."""
    part = ops(settings, Choice(), promtool="promtool", jaeger=False)
    assert part.ready_url == f"{settings.url('ops')}/livez"
    assert part.needs == ("prometheus",)


def test_the_token_is_told_to_whoever_may_read_it(settings: Settings) -> None:
    """Alone, so that it can be piped; before the first start there is none."""
    environment = {"TILLWATCH_STATE": str(settings.run.parent), "PORT_BASE": str(settings.port_base)}
    result = CliRunner().invoke(main, ["ops-token"], env=environment)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "start the platform with make demo" in result.stderr
    write_secret(settings.ops_token, "t" * 32)
    assert CliRunner().invoke(main, ["ops-token"], env=environment).stdout == "t" * 32 + "\n"
