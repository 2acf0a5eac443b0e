"""Words of one stem, asked for by several threads at once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from kg_rec.text.derivations import _stem

WORDS = [
    "nationalisation",
    "sensational",
    "possibly",
    "animated",
    "loneliness",
    "rationalise",
    "a",
    "relational",
    "is",
] * 200


def test_threads_do_not_take_each_others_words() -> None:
    expected = [_stem("en", word) for word in WORDS]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: [_stem("en", word) for word in WORDS], range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert all(one == expected for one in found)
