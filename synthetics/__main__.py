"""`python -m synthetics`: walks journeys through a running shop."""

import click

from synthetics.commands_capacity import capacity
from synthetics.commands_load import load
from synthetics.commands_probe import probe
from synthetics.commands_staff import staff_password


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Synthetic shoppers: journeys that check what the shop answers."""


main.add_command(capacity)
main.add_command(load)
main.add_command(probe)
main.add_command(staff_password)

if __name__ == "__main__":
    main(prog_name="python -m synthetics")
