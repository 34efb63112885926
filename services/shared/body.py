"""Requests whose body is refused whole: too long, also where no length was announced; not JSON; nested endlessly."""

from typing import Any

from flask import Request, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 64 * 1024


class BoundedRequest(Request):
    """Flask's request; werkzeug (3.1) alone cuts a chunked body at the limit and passes on what it has."""

    max_content_length = MAX_BODY_BYTES

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body, as Flask's method of this name returns it.

        Raises:  RequestEntityTooLarge: at the limit: what was cut there looks like what ended there.
                 BadRequest: a chunk that is none, or a body that ended before its end.
        """
        try:
            data = super().get_data(*args, **kwargs)
        except (ParseException, OSError) as error:
            raise BadRequest from error
        if self.content_length is None and len(data) >= MAX_BODY_BYTES:
            raise RequestEntityTooLarge
        return data

    def get_json(self, *args: Any, **kwargs: Any) -> Any:
        """The body, parsed.

        Raises:  BadRequest: not JSON, or nested more deeply than Python's parser goes.
        """
        try:
            return super().get_json(*args, **kwargs)
        except RecursionError as error:
            raise BadRequest from error


def refuse_other_types() -> None:
    """A hook: what has a body says that it is JSON.

    A form of another site's page can send text, but not this type without asking first.

    Raises:  UnsupportedMediaType
    """
    has_body = bool(request.content_length) or "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    if request.url_rule is not None and has_body and not request.is_json:
        raise UnsupportedMediaType
