"""Why the platform does not start or obey: each message says what to do."""


class LocalError(Exception):
    """Base of this package's errors; never raised itself."""


class Refused(LocalError):
    """Something is missing or taken: found before anything was started. One fault a line."""


class AlreadyRunning(LocalError):
    """Another `up` holds this run directory."""


class NotRunning(LocalError):
    """There is no platform to talk to."""


class NotStopping(LocalError):
    """The platform was asked to stop, and runs on."""


class StartFailed(LocalError):
    """A part ended, or was not ready in time, while the platform was starting."""


class StopRequested(LocalError):
    """Somebody asked to stop while the platform was starting."""


class FaultRefused(LocalError):
    """The service did not take the fault, or does not know it."""


class DrillFailed(LocalError):
    """A drill could not be carried out; what it was to show is not known."""
