"""Answers that no cache may keep: whoever comes next at the same browser or proxy must not get them."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request

_MARK = "tillwatch_no_store"
View = TypeVar("View", bound=Callable[..., Any])


def no_store(view: View) -> View:
    """Let no cache keep what *view* answers, unless it says otherwise itself."""
    setattr(view, _MARK, True)
    return view


def install(app: Flask, *, everywhere: bool) -> None:
    """Say `Cache-Control: no-store` for marked views of *app*, or for all of them."""

    def finish(response: Response) -> Response:
        if "Cache-Control" not in response.headers and (everywhere or _is_marked()):
            response.headers["Cache-Control"] = "no-store"
        return response

    app.after_request(finish)


def _is_marked() -> bool:
    return hasattr(current_app.view_functions.get(request.endpoint or ""), _MARK)
