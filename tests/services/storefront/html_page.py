"""Reads a page as a browser and a screen reader would, and tells what is wrong with it."""

import itertools
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
# Elements of SVG that are written without an end.
_LABELLED = frozenset({"input", "select", "textarea"})
_UNLABELLED_TYPES = frozenset({"hidden", "submit", "button"})


@dataclass
class Form:
    """A form: where it goes, how, and what it holds by itself."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class HtmlPage(HTMLParser):
    """The page *text*. Its `faults` are sentences; none for a sound page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.ids: list[str] = []
        self._open: list[str] = []
        self._texts: dict[str, str] = {}
        self.feed(text)
        self.close()
        self._judge(text)

    def text(self, tag: str) -> str:
        """All that stands in elements *tag*."""
        return " ".join(self._texts.get(tag, "").split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each element *tag*."""
        return [attributes for name, attributes in self.tags if name == tag]

    def form(self, action: str) -> Form:
        """The first form that goes to *action*."""
        return next(form for form in self.forms if form.action == action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if len(attributes) < len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "form":
            self.forms.append(Form(attributes.get("action", ""), attributes.get("method", "get")))
        if tag in ("input", "button") and "name" in attributes and "form" in self._open:
            checked = attributes.get("type") != "radio" or "checked" in attributes
            if tag == "input" and checked:
                self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:] or 'nothing'}")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self._texts[tag] = self._texts.get(tag, "") + data

    def _judge(self, text: str) -> None:
        if self._open:
            self.faults.append(f"never closed: {self._open}")
        if not text.lower().startswith("<!doctype html>"):
            self.faults.append("no doctype")
        if len(set(self.ids)) < len(self.ids):
            self.faults.append("an id twice")
        if [each.get("lang") for each in self.all("html")] != ["en"]:
            self.faults.append("no language")
        for tag in ("title", "h1", "main"):
            if len(self.all(tag)) != 1 or not self.text(tag):
                self.faults.append(f"not exactly one <{tag}> with text")
        self._judge_references()
        self._judge_headings()
        self._judge_attributes()

    def _judge_attributes(self) -> None:
        for tag, attributes in self.tags:
            if any(name.startswith("on") or name == "style" for name in attributes):
                self.faults.append(f"<{tag}> holds a script or a style")
            if tag == "script" and "src" not in attributes:
                self.faults.append("a script inside the page")
            for name in ("src", "href", "action"):
                if attributes.get(name, "/").startswith(("http:", "https:", "//", "javascript:")):
                    self.faults.append(f"<{tag}> leads to another site")

    def _judge_references(self) -> None:
        labelled = {each.get("for") for each in self.all("label")}
        for tag, attributes in self.tags:
            needs = tag in _LABELLED and attributes.get("type") not in _UNLABELLED_TYPES
            if needs and attributes.get("id") not in labelled and "aria-label" not in attributes:
                self.faults.append(f"<{tag} name={attributes.get('name')}> has no label")
            for name in ("for", "aria-labelledby", "aria-describedby"):
                for each in attributes.get(name, "").split():
                    if each not in self.ids:
                        self.faults.append(f"{name} names {each}, which is not there")
            target = attributes.get("href", "")
            if tag == "a" and target.startswith("#") and target[1:] not in self.ids:
                self.faults.append(f"a link to {target}, which is not there")

    def _judge_headings(self) -> None:
        levels = [int(tag[1]) for tag, _ in self.tags if tag in ("h1", "h2", "h3", "h4")]
        deeper = [later for before, later in itertools.pairwise(levels) if later > before + 1]
        if levels and (levels[0] > 2 or deeper):
            self.faults.append(f"headings skip a level: {levels}")
