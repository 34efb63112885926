"""Text as people search it: without regard to case, accents and apostrophes, the same on every database."""

import unicodedata

_IGNORED = str.maketrans("", "", "'’ʼ`")


def folded(text: str) -> str:
    """*text* as it is compared: `Café “Chef’s”` and `cafe "chefs"` have one form but for the quotation marks."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_IGNORED))
    return " ".join("".join(each for each in decomposed if not unicodedata.combining(each)).casefold().split())


def words(query: str) -> tuple[str, ...]:
    """The words of *query*, folded, each once: a product matches when each is somewhere in its text."""
    return tuple(dict.fromkeys(folded(query).split()))


def searchable(*, sku: str, name: str, description: str, category: str) -> str:
    """The text of a product that is searched, folded."""
    return folded(f"{name} {description} {category} {sku}")
