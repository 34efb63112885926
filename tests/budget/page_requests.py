"""What an HTML page would ask others for as soon as it is opened: read from its text, pictures within it included."""

import base64
import re
from html.parser import HTMLParser
from urllib.parse import unquote

_ADDRESSES = frozenset(
    "src srcset href xlink:href data poster background action formaction ping manifest imagesrcset".split()
)
_IN_STYLE = re.compile(r"""url\(\s*["']?([^"')]*)|@import\s+["']([^"']+)""", re.IGNORECASE)


def requests_of(page: str) -> list[str]:
    """Every address that *page* would ask for; none for links, which ask when somebody follows them."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        values = {name: value or "" for name, value in attrs}
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.found.append(values.get("content", ""))
        if tag == "script" and "src" not in values:
            self.found.append("a script, which may ask for anything")
        for name, value in values.items():
            if name in _ADDRESSES and not (tag == "a" and name == "href"):
                self._address(value)
            else:
                self._style(value)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._style(data)

    def _style(self, text: str) -> None:
        for found in _IN_STYLE.finditer(text):
            self._address(found[1] or found[2] or "")

    def _address(self, value: str) -> None:
        kind, _, content = value.strip().partition(",")
        if kind.startswith("data:image/svg+xml"):
            text = base64.b64decode(content).decode() if kind.endswith(";base64") else unquote(content)
            self.found += requests_of(text)
        elif value.strip() and not value.strip().startswith(("#", "data:")):
            self.found.append(value.strip())
