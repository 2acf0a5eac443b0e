"""What of a person's words says what they want: everything but the clauses about what they do not want."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg_rec.interest import Interest

_CLAUSE_END = re.compile(r"[.!?;,…。！？；，、\n]|\bbut\b|\baber\b|\bmais\b|但", re.IGNORECASE)


def wished(text: str, interests: Sequence[Interest]) -> str:
    """Return `text` without the clauses in which a dislike was found.

    To a sentence encoder "no horror please" is a sentence about horror, and near to every horror film. Nothing is taken out
    when that would leave nothing.
    """
    spans = [interest.span for interest in interests if interest.polarity < 0 and interest.span is not None]
    if not spans:
        return text
    borders = [0, *(match.end() for match in _CLAUSE_END.finditer(text)), len(text)]
    clauses = [(start, end) for start, end in itertools.pairwise(borders) if start < end]
    kept = [text[a:b] for a, b in clauses if not any(start < b and end > a for start, end in spans)]
    rest = "".join(kept).strip()
    return rest or text
