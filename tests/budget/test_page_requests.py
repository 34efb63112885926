"""What a page would ask for is found wherever it stands: a check that can fail."""

import base64

import pytest

from tests.budget.page_requests import requests_of

AWAY = "https://away.example/x"
PICTURE = f'<svg xmlns="http://www.w3.org/2000/svg"><image xlink:href="{AWAY}"/></svg>'


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(f'<img src="{AWAY}">', id="a picture"),
        pytest.param(f'<img src="//{AWAY}">', id="a picture without a scheme"),
        pytest.param(f'<img srcset="{AWAY} 2x">', id="one of several pictures"),
        pytest.param(f"<link rel=stylesheet href={AWAY}>", id="a style sheet"),
        pytest.param(f"<style>p {{}} @import '{AWAY}';</style>", id="a style sheet of a style"),
        pytest.param(f"<style>@font-face {{ src: url({AWAY}) }}</style>", id="a font"),
        pytest.param(f"<p style='background: url(\"{AWAY}\")'>", id="a background"),
        pytest.param(f"<script src='{AWAY}'></script>", id="a script"),
        pytest.param("<script>fetch('/')</script>", id="a script within the page"),
        pytest.param(f"<iframe src={AWAY}></iframe>", id="a frame"),
        pytest.param(f"<form action={AWAY}>", id="a form"),
        pytest.param(f"<meta http-equiv=Refresh content='0; url={AWAY}'>", id="another page"),
        pytest.param("<img src='logo.png'>", id="a file beside it"),
        pytest.param(
            f'<img src="data:image/svg+xml;base64,{base64.b64encode(PICTURE.encode()).decode()}">',
            id="a picture within a picture",
        ),
    ],
)
def test_what_is_asked_for_is_found(page: str) -> None:
    """Each is one request."""
    assert len(requests_of(page)) >= 1


def test_links_and_what_the_page_holds_itself_are_none() -> None:
    """They ask nobody before somebody follows them."""
    drawn = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><use xlink:href="#a"/></svg>').decode()
    page = f"""<html lang="en"><style>p {{ color: red }}</style><a href="{AWAY}">x</a><a href="#here">y</a>
        <img src="data:image/png;base64,AAAA"><img src="data:image/svg+xml;base64,{drawn}">
        <p title="https://away.example/">url of nothing, @import is a word</p></html>"""
    assert requests_of(page) == []
