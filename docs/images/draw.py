"""Draw the pictures of README.md: the sample graph with a person attached, for light and for dark pages.

    python docs/images/draw.py

Every node and relation is one of the sample graph; the interests are among those that the linker finds
in the sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import hypot
from pathlib import Path

WIDTH, HEIGHT = 1040, 520
FONT = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

LIGHT = {
    "page": "#ffffff", "frame": "#d0d7de", "text": "#1f2328", "dim": "#656d76", "line": "#afb8c1",
    "person": "#8250df", "entity": "#0969da", "item": "#9a6700", "like": "#1a7f37", "dislike": "#cf222e",
    "fill": "#f6f8fa",
}  # fmt: skip
DARK = {
    "page": "#0d1117", "frame": "#30363d", "text": "#e6edf3", "dim": "#8d96a0", "line": "#484f58",
    "person": "#bc8cff", "entity": "#58a6ff", "item": "#d29922", "like": "#3fb950", "dislike": "#f85149",
    "fill": "#161b22",
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A box with its label above its name, around the point x, y."""

    label: str
    name: str
    colour: str
    x: float
    y: float
    width: float = 150
    height: float = 44

    def border(self, towards: Node) -> tuple[float, float]:
        """Return where the line to the middle of another box leaves this one."""
        dx, dy = towards.x - self.x, towards.y - self.y
        scale = min((self.width / 2 + 3) / abs(dx) if dx else 9e9, (self.height / 2 + 3) / abs(dy) if dy else 9e9)
        return self.x + dx * scale, self.y + dy * scale


PERSON = Node("User", "demo", "person", 88, 270, 96, 52)
ARRIVAL = Node("Film", "Arrival", "item", 420, 130, 140)
LONELINESS = Node("Keyword", "loneliness", "entity", 420, 240, 140)
FICTION = Node("Genre", "Science Fiction", "entity", 420, 350, 140)
HORROR = Node("Genre", "Horror", "entity", 420, 470, 140)
VILLENEUVE = Node("Person", "Denis Villeneuve", "entity", 672, 130, 140)
HER = Node("Film", "Her", "item", 930, 235)
RUNNER = Node("Film", "Blade Runner 2049", "item", 930, 130, 165)
ALIEN = Node("Film", "Alien", "item", 930, 430)

INTERESTS = [
    (ARRIVAL, 1.0, "Arrival"),
    (LONELINESS, 1.0, "loneliness"),
    (FICTION, 1.0, "science fiction"),
    (HORROR, -1.0, "horror"),
]
RELATIONS = [
    (ARRIVAL, VILLENEUVE, "DIRECTED_BY"),
    (RUNNER, VILLENEUVE, "DIRECTED_BY"),
    (HER, LONELINESS, "HAS_KEYWORD"),
    (HER, FICTION, "HAS_GENRE"),
    (ALIEN, FICTION, ""),
    (ALIEN, HORROR, "HAS_GENRE"),
]


def draw(colours: dict[str, str]) -> str:
    """Return the picture as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="{FONT}" role="img">',
        "<title>A person, their interests in the graph, and what follows from them</title>",
        _heads(colours),
        f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8" fill="{colours["page"]}" '
        f'stroke="{colours["frame"]}"/>',
        _sentence(colours),
    ]
    for source, target, name in RELATIONS:
        parts.append(_line(source, target, colours["line"], "plain", 1.2))
        if name:
            # Nearer to the item, where fewer lines meet.
            parts.append(_caption(source, target, 0.46, name, colours["dim"], colours, 10))
    for entity, weight, words in INTERESTS:
        kind = "like" if weight > 0 else "dislike"
        parts.append(_line(PERSON, entity, colours[kind], kind, 0.8 + 1.6 * abs(weight)))
        sign = "+" if weight > 0 else "−"
        parts.append(_caption(PERSON, entity, 0.63, f"{sign}{abs(weight):.2f} “{words}”", colours[kind], colours, 12))
    parts += [_box(node, colours) for node in (PERSON, *(entity for entity, _, _ in INTERESTS), VILLENEUVE)]
    parts += [_box(node, colours) for node in (HER, RUNNER, ALIEN)]
    parts += [
        _note(HER, "recommended", colours["like"]),
        _note(RUNNER, "recommended", colours["like"]),
        _note(ALIEN, "pushed down", colours["dislike"]),
        _text(20, 470, "INTERESTED_IN", colours["text"], 12, weight=600),
        _text(20, 488, "score · polarity · evidence", colours["dim"], 12),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _sentence(colours: dict[str, str]) -> str:
    said = [
        ("“I loved ", ""), ("Arrival", "like"), (" and slow, sad ", ""),
        ("science fiction", "like"), (" about ", ""), ("loneliness", "like"), (". No ", ""), ("horror", "dislike"),
        (" please.”", ""),
    ]  # fmt: skip
    spans = "".join(
        f'<tspan fill="{colours[kind]}" font-weight="600">{words}</tspan>' if kind else f"<tspan>{words}</tspan>"
        for words, kind in said
    )
    return f'<text x="24" y="50" font-size="18" fill="{colours["text"]}" xml:space="preserve">{spans}</text>'


def _box(node: Node, colours: dict[str, str]) -> str:
    left, top = node.x - node.width / 2, node.y - node.height / 2
    return "\n".join(
        [
            f'<rect x="{left:g}" y="{top:g}" width="{node.width:g}" height="{node.height:g}" rx="10" '
            f'fill="{colours["fill"]}" stroke="{colours[node.colour]}" stroke-width="1.6"/>',
            _text(node.x, node.y - 5, f":{node.label}", colours[node.colour], 10.5, anchor="middle"),
            _text(node.x, node.y + 13, node.name, colours["text"], 14, anchor="middle", weight=600),
        ]
    )


def _note(node: Node, words: str, colour: str) -> str:
    return _text(node.x, node.y + node.height / 2 + 17, words, colour, 12, anchor="middle")


def _line(source: Node, target: Node, colour: str, kind: str, width: float) -> str:
    (x1, y1), (x2, y2) = source.border(target), target.border(source)
    dashes = ' stroke-dasharray="6 4"' if kind == "dislike" else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:.2g}"'
        f'{dashes} marker-end="url(#{kind})"/>'
    )


def _caption(
    source: Node, target: Node, place: float, words: str, colour: str, colours: dict[str, str], size: float
) -> str:
    """Write on a line, at `place` of its way, with the page behind the letters."""
    (x1, y1), (x2, y2) = source.border(target), target.border(source)
    x, y = x1 + (x2 - x1) * place, y1 + (y2 - y1) * place
    assert hypot(x2 - x1, y2 - y1) > size * len(words) * 0.5, f"no room for {words}"
    return (
        f'<text x="{x:.1f}" y="{y + size * 0.36:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="middle" '
        f'stroke="{colours["page"]}" stroke-width="8" stroke-linejoin="round" paint-order="stroke">{escape(words)}</text>'
    )


def _text(x: float, y: float, words: str, colour: str, size: float, *, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def _heads(colours: dict[str, str]) -> str:
    heads = {"plain": colours["line"], "like": colours["like"], "dislike": colours["dislike"]}
    markers = "".join(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 1 10 5 0 9z" fill="{colour}"/></marker>'
        for name, colour in heads.items()
    )
    return f"<defs>{markers}</defs>"


if __name__ == "__main__":
    here = Path(__file__).parent
    for name, colours in (("light", LIGHT), ("dark", DARK)):
        (here / f"graph-{name}.svg").write_text(draw(colours), encoding="utf-8")
