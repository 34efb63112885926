"""What can go wrong while finding or installing a program; every message says what to do next."""


class ToolsError(Exception):
    """Base of the errors of this package; never raised itself."""


class UnknownTool(ToolsError):
    """A name that tools/pins.toml does not have."""


class StepFailed(ToolsError):
    """A command of an installation failed, or could not be started."""


class NotInstallable(ToolsError):
    """No way to get a program is open on this machine."""
