"""Whose traffic a request is: real users', a probe's, or a load test's."""

from werkzeug.datastructures import Headers

USER = "user"
PROBE = "probe"
LOAD = "load"


def traffic_of(headers: Headers) -> str:
    """The class that a request's *headers* prove.

    Only a signed claim could make it anything but a user's, and no service verifies signatures yet: whoever
    could claim `load` at will could hide an outage from the SLOs, which count users only.
    """
    del headers
    return USER
