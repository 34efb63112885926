"""What stops a measurement."""


class BenchError(Exception):
    """Base of the errors of this package; never raised itself."""


class MissingProgram(BenchError):
    """A real program that a measurement runs is not installed."""


class ProgramFailed(BenchError):
    """A real program ended with an error, or did not start in time."""
