"""How Neo4j Browser draws the graph: a style in GRASS, its language of styles, made from the schema.

A rule of GRASS applies to a label or a type, never to a property: likes and dislikes are one type, so what tells them apart in
the picture is the caption on the arrow. Of all rules that fit a node, later ones win, so the label that all share comes first.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kg_rec.graph.attach import person_label

if TYPE_CHECKING:
    from kg_rec.schema import GraphSchema

_ITEM_COLOR = "#57C7E3"
_COLORS = ("#D9C8AE", "#8DCC93", "#ECB5C9", "#FFC454", "#C990C0", "#A8D5BA", "#F2A7A0", "#B5C7F2", "#DDE08C", "#C7B8A0")
_OTHER_COLOR = "#D2D5DA"
_PERSON_COLOR = "#F79767"
_TEXT_COLOR = "#2A2C34"
_INTEREST_COLOR = "#8250DF"
_INTERACTION_COLOR = "#C4C8CE"

Rules = dict[str, dict[str, str]]


def style_rules(schema: GraphSchema) -> Rules:
    """Return the rules of the style, {selector: {property: value}}, in the order in which they apply.

    Every node is called by its title, people by their id; those that were attached have a colour of their own. Items and people
    are larger. An interest is told by its polarity and score.
    """
    user_id = schema.user.id if schema.user else "id"
    rules = {"node.KGEntity": _node("key", _OTHER_COLOR)}
    if schema.user is not None:
        rules[_selector("node", person_label(schema))] = _node(user_id, _OTHER_COLOR)
    for number, label in enumerate(sorted(schema.entities)):
        rules[_selector("node", label)] = _node(schema.title_of(label), _COLORS[number % len(_COLORS)])
    rules[_selector("node", schema.item.label)] = _node(schema.item.title, _ITEM_COLOR, diameter="75px")
    rules["node.KGPerson"] = _node(user_id, _PERSON_COLOR, diameter="75px")
    if schema.interaction is not None:
        rules[_selector("relationship", schema.interaction.type)] = {"color": _INTERACTION_COLOR}
    rules["relationship.INTERESTED_IN"] = {
        "caption": "{polarity} · {score}",
        "color": _INTEREST_COLOR,
        "shaft-width": "3px",
        "font-size": "10px",
        "text-color-external": _INTEREST_COLOR,
    }
    return rules


def grass(schema: GraphSchema) -> str:
    """Return the style as a text that Neo4j Browser takes, after `:style` or as a file *.grass.

    GRASS has no quotes for labels, types and properties with spaces or signs; where the schema has any, the text is the same
    rules in JSON, which the Browser takes in the place of GRASS.
    """
    rules = style_rules(schema)
    names = [*rules, *(value for rule in rules.values() for value in rule.values())]
    if all(re.fullmatch(r"[\w#.{} ·-]+", name) for name in names) and not any(" " in selector for selector in rules):
        return "".join(_written(selector, rule) for selector, rule in rules.items())
    return json.dumps(rules, ensure_ascii=False, indent=2) + "\n"


def _node(caption: str | None, color: str, diameter: str = "62px") -> dict[str, str]:
    # A brace in the name of a property would end the caption's own.
    name = caption if caption and not set(caption) & set("{}") else "key"
    return {
        "caption": f"{{{name}}}",
        "color": color,
        "border-color": color,
        "text-color-internal": _TEXT_COLOR,
        "diameter": diameter,
    }


def _selector(kind: str, name: str) -> str:
    escaped = name.replace(".", "\\.")
    return f"{kind}.{escaped}"


def _written(selector: str, rule: dict[str, str]) -> str:
    lines = [f'  {name}: "{value}";' if name == "caption" else f"  {name}: {value};" for name, value in rule.items()]
    return "\n".join([f"{selector} {{", *lines, "}\n"])
