"""Amazon reviews as JSON lines: reviews with the metadata of their products, in the forms of 2014, 2018 and 2023."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any

from kg_rec.convert.source import Source
from kg_rec.convert.writer import GraphWriter, Named, Nodes, Relations, distinct, named

_PATTERN = r".*\.(json|jsonl)"
_PRICE = re.compile(r"\$?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?\s*")
_TAG = re.compile(r"<[^<>]{1,2000}>")
_NO_TITLE = "getTime"
"""In the titles of 2018 that are a script of the page instead of a title."""
_ALSO = {
    "ALSO_BOUGHT": ("also_buy", "also_bought"),
    "ALSO_VIEWED": ("also_view", "also_viewed"),
    "BOUGHT_TOGETHER": ("bought_together",),
}


class Amazon:
    """The Amazon review data."""

    name = "amazon"
    looks_for = "*.json or *.jsonl of reviews (asin, overall or rating) and of metadata (asin, title) (Amazon reviews)"

    def recognises(self, source: Source) -> bool:
        """Tell by the first object of each file; there must be reviews."""
        return any(_is_reviews(source.first_object(name)) for name in source.matching(_PATTERN))

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write products, categories, brands, users and reviews."""
        kinds = {name: source.first_object(name) for name in source.matching(_PATTERN)}
        products = Products(graph)
        for name, first in kinds.items():
            if _is_metadata(first):
                products.read(source, name)
        if not products.nodes.ids:
            graph.note("there is no metadata: products have no titles, and no words will find them")
        write_reviews(source, graph, products.nodes, [name for name, first in kinds.items() if _is_reviews(first)])


def _is_reviews(first: dict[str, Any]) -> bool:
    return {"reviewerID", "asin", "overall"} <= first.keys() or {"user_id", "parent_asin", "rating"} <= first.keys()


def _is_metadata(first: dict[str, Any]) -> bool:
    return not _is_reviews(first) and bool({"asin", "parent_asin"} & first.keys())


class Products:
    """Where the products are written."""

    def __init__(self, graph: GraphWriter) -> None:
        self.nodes = graph.nodes("Product", "productId", "title", "description", "price:double")
        self._categories = named(graph, "Category", "IN_CATEGORY", self.nodes)
        self._brands = named(graph, "Brand", "MADE_BY", self.nodes)
        self._also = {name: graph.relations(name, self.nodes, self.nodes, loose=True) for name in _ALSO}
        self._graph = graph

    def read(self, source: Source, name: str) -> None:
        """Write the products in a file of metadata. Those that are there twice, as some are, are taken once."""
        again = 0
        objects = source.objects(name)
        for given in objects:
            product = objects.text(given, "parent_asin" if "parent_asin" in given else "asin")
            if product is None:
                continue
            if not self.nodes.add(product, _title(given), _description(given), _price(given.get("price"))):
                again += 1
                continue
            _link(self._categories, product, _categories(given))
            _link(self._brands, product, [_plain(given.get("brand") or given.get("store"))])
            self._relate(product, given)
        if again:
            self._graph.note(f"left out: {again:,} products that {source.shown(name)} has again")

    def _relate(self, product: str, given: dict[str, Any]) -> None:
        related = given.get("related")
        places = [given, related if isinstance(related, dict) else {}]
        for name, fields in _ALSO.items():
            relations: Relations = self._also[name]
            found = [other for place in places for field in fields for other in _texts(place.get(field))]
            for other in dict.fromkeys(found):
                relations.add(product, other)


def write_reviews(source: Source, graph: GraphWriter, products: Nodes, names: Iterable[str]) -> None:
    """Write the reviews. Where there is metadata, those of a product that it has not are left out, and counted."""
    users = graph.nodes("User", "userId")
    reviewed = graph.relations("REVIEWED", users, products, "rating:float", "summary", "text", "timestamp:long")
    described, unknown = bool(products.ids), 0
    for name in names:
        objects = source.objects(name)
        for given in objects:
            new = "user_id" in given
            user = objects.text(given, "user_id" if new else "reviewerID")
            product = objects.text(given, "parent_asin" if new else "asin") if user else None
            rating = objects.number(given, "rating" if new else "overall") if product else None
            if user is None or product is None or rating is None:
                continue
            if described and product not in products:
                unknown += 1
                continue
            if not described:
                products.add(product, None, None, None)
            users.add(user)
            title, text = ("title", "text") if new else ("summary", "reviewText")
            reviewed.add(user, product, rating, _plain(given.get(title)), _plain(given.get(text)), _seconds(given))
    if unknown:
        graph.note(f"left out: {unknown:,} reviews of products that the metadata has not")


def _link(to: Named, product: str, names: Iterable[str]) -> None:
    to.link(product, (name for name in names if len(name) <= 100))  # longer ones are texts in the wrong place


def _title(given: dict[str, Any]) -> str | None:
    title = _plain(given.get("title"))
    return None if _NO_TITLE in title else title or None


def _description(given: dict[str, Any]) -> str | None:
    parts = [*_texts(given.get("description")), *_texts(given.get("features") or given.get("feature"))]
    sentences = distinct(map(_plain, parts))
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in sentences) or None


def _categories(given: dict[str, Any]) -> list[str]:
    return distinct(_plain(name) for name in _texts(given.get("categories") or given.get("category")))


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value that is a text, a list of texts, or one of lists, as the three forms have it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _plain(value: object) -> str:
    """Return a text without the marks of HTML."""
    if not isinstance(value, str):
        return ""
    if "<" in value or "&" in value:
        value = html.unescape(_TAG.sub(" ", value))
    return " ".join(value.split())


def _price(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _PRICE.fullmatch(value) if isinstance(value, str) else None
    return float(match[1].replace(",", "") + (match[2] or "")) if match else None


def _seconds(given: dict[str, Any]) -> int | None:
    """Return when the review was written, in seconds since 1970; the form of 2023 has milliseconds."""
    value = given.get("unixReviewTime", given.get("timestamp", given.get("sort_timestamp")))
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(value) // 1000 if value >= 1e11 else int(value)


LAYOUT = Amazon()
