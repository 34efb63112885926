"""Texts that quoting gets wrong: the same few hundred in every run."""

import random

_WORDS = (
    "- : # --- ... ? ! & * | > % @ ` ' \" \\ \\n \\u0041 {{ }} {{.window}} {{ $value }} $ $1 ${a} ~ null true no on 1e3"
    " 0x1f 1_000 .inf 12:30:45 2026-01-01 << = [] {} a:b a: :a #a é 日本 🙂"
    " \ufeff \u2028 \u0085 \u00a0 \u00ad \ud7ff \ue000 \ufffd \U0010ffff"
).split(" ")
_CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
_SPACES = [" ", "  ", "\n", "\n\n", "\t", "\r\n", "\r", " \n", "\n "]


def texts(count: int, seed: int = 7) -> list[str]:
    """Every nasty piece alone, then joined by chance."""
    pieces = [*_WORDS, *_CONTROLS, *_SPACES]
    chance = random.Random(seed)
    joined = ["".join(chance.choices(pieces, k=chance.randint(2, 6))) for _ in range(max(0, count - len(pieces)))]
    return [*pieces, *joined]
