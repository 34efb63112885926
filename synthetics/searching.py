"""Searching: what is known to be there is found, nothing else is, and a word that nobody uses finds nothing."""

import unicodedata
from urllib.parse import urlencode

from synthetics import expect, reserved
from synthetics.browsing import PAGE_SIZE, PRODUCTS, THINK_SECONDS, products_of
from synthetics.expect import Answer, Body
from synthetics.journey import Journey, RunIn, Step, Visit

# Part of the name of the product that probes buy, with a capital and an accent more than it has.
RESERVED_WORDS = "Sómething buy"
_NO_LETTERS = str.maketrans("", "", "'’ʼ`")


def _path(words: str, **more: str) -> str:
    return f"{PRODUCTS}?{urlencode({'q': words, 'limit': PAGE_SIZE, **more})}"


def _folded(text: str) -> str:
    """*text* as the shop compares it: case, accents and apostrophes do not count."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_NO_LETTERS))
    return "".join(each for each in decomposed if not unicodedata.combining(each)).casefold()


def _choose(visit: Visit, answer: Answer) -> None:
    """Choose a product to look for; what it is called is what one types."""
    chosen = visit.random.choice(products_of(answer))
    visit.wanted, visit.words = [chosen["sku"]], chosen["name"]


def _found(visit: Visit, answer: Answer) -> None:
    visit.skus = _matching(answer, visit.wanted[0], visit.words)


def _reserved_found(visit: Visit, answer: Answer) -> None:
    _matching(answer, reserved.TO_BUY, RESERVED_WORDS)


def _matching(answer: Answer, sku: str, words: str) -> list[str]:
    """What was found by *words*: *sku*, and nothing in which one of them is missing."""
    found = products_of(answer)
    expect.is_true(any(each["sku"] == sku for each in found), f"{sku} is not found by its name")
    strays = [each["sku"] for each in found if not _matches(each, words)]
    expect.is_true(not strays, f"found, but without a word that was searched: {', '.join(strays[:3])}")
    return [each["sku"] for each in found]


def _matches(product: Body, words: str) -> bool:
    text = _folded(" ".join(str(product.get(key)) for key in ("name", "description", "category", "sku")))
    return all(word in text for word in _folded(words).split())


def _nothing(visit: Visit, answer: Answer) -> None:
    found = expect.rows(expect.json_answer(answer), "items")
    expect.is_true(found == [], f"{len(found)} products are found by a word that none has")


def _see_results(visit: Visit, answer: Answer) -> None:
    """The page leads to what was looked for; of the rest it shows what fits on it."""
    found = expect.links(expect.page(answer), "/p/")
    expect.is_true(visit.wanted[0] in found, f"the page of the search does not lead to {visit.wanted[0]}")
    strays = set(found) - set(visit.skus)
    expect.is_true(not strays, f"the page of the search leads to {len(strays)} products that do not match")


SEARCH = Journey(
    name="search",
    run_in=frozenset({RunIn.PROBE, RunIn.LOAD}),
    think_seconds=THINK_SECONDS,
    steps=(
        Step(name="list products", path=lambda visit: f"{PRODUCTS}?{urlencode({'limit': PAGE_SIZE})}", check=_choose),
        Step(name="search", path=lambda visit: _path(visit.words), check=_found),
        Step(name="search page", path=lambda visit: f"/search?{urlencode({'q': visit.words})}", check=_see_results),
        # A word that no product can have: it is the visit's.
        Step(name="search for nothing", path=lambda visit: _path(f"no{visit.visit_id}"), check=_nothing),
        Step(
            name="search reserved",
            path=lambda visit: _path(RESERVED_WORDS, category=reserved.CATEGORY),
            check=_reserved_found,
            when=lambda visit: visit.probes,
        ),
    ),
)
