"""A clock for tests."""


class Clock:
    """Unix seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    @property
    def ms(self) -> int:
        """The same in milliseconds."""
        return int(self.now * 1000)
