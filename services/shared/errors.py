"""Errors of the shared parts that a caller would catch."""


class SharedError(Exception):
    """Base of the errors below; never raised itself."""


class ConfigError(SharedError):
    """A setting in the environment that cannot be used."""


class CursorError(SharedError):
    """A page cursor that this service did not hand out."""
