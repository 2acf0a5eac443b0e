"""Yelp's data set: businesses, what they offer, the people who review them, and their friends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from kg_rec.convert.source import Source
from kg_rec.convert.writer import GraphWriter, Nodes, distinct, named
from kg_rec.graph.problems import quoted

_FILES = {kind: rf"(yelp_academic_dataset_|yelp_)?{kind}\.json" for kind in ("business", "user", "review")}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?")
_NO_OFFERS = frozenset(["BusinessAcceptsCreditCards", "ByAppointmentOnly", "BusinessAcceptsBitcoin"])
"""Attributes that say nothing that anybody would ask for."""


class Yelp:
    """Yelp's data set."""

    name = "yelp"
    looks_for = "yelp_academic_dataset_business.json and _review.json (Yelp)"

    def recognises(self, source: Source) -> bool:
        """Tell by the names of the files and the first objects."""
        business, review = _file(source, "business"), _file(source, "review")
        return bool(
            business
            and review
            and "business_id" in source.first_object(business)
            and "business_id" in source.first_object(review)
        )

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write businesses, categories, features, cities, users, reviews and friends."""
        businesses = _write_businesses(source, graph)
        users = graph.nodes("User", "userId")
        known = _file(source, "user")
        if known:
            _write_users(source, known, graph, users)
        _write_reviews(source, graph, businesses, users, users_known=bool(known))


def _file(source: Source, kind: str) -> str:
    return next(iter(source.matching(_FILES[kind])), "")


def _write_businesses(source: Source, graph: GraphWriter) -> Nodes:
    businesses = graph.nodes("Business", "businessId", "name", "address", "priceRange:int")
    categories = named(graph, "Category", "IN_CATEGORY", businesses)
    features = named(graph, "Feature", "HAS_FEATURE", businesses)
    cities = graph.nodes("City", "cityId", "name", "state")
    in_city = graph.relations("IN_CITY", businesses, cities)
    objects = source.objects(_file(source, "business"))
    for given in objects:
        business = objects.text(given, "business_id")
        name = objects.text(given, "name") if business else None
        if business is None or name is None:
            continue
        attributes = given.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        if not businesses.add(business, name, _text(given, "address"), _price_range(attributes)):
            objects.refuse("an id of its own for 'business_id'", f"{quoted(business)} again")
            continue
        categories.link(business, _names(given.get("categories")))
        features.link(business, distinct(_features(attributes)))
        city, state = _text(given, "city"), _text(given, "state")
        if city:
            identity = ", ".join(part for part in (city, state) if part)
            cities.add(identity, city, state)
            in_city.add(business, identity)
    return businesses


def _write_users(source: Source, name: str, graph: GraphWriter, users: Nodes) -> None:
    friends = graph.relations("FRIEND_OF", users, users, loose=True)
    objects = source.objects(name)
    for given in objects:
        user = objects.text(given, "user_id")
        if user is None:
            continue
        if not users.add(user):
            objects.refuse("an id of its own for 'user_id'", f"{quoted(user)} again")
            continue
        for friend in _names(given.get("friends")):
            if friend != "None":  # what stands there for nobody
                friends.add(user, friend)


def _write_reviews(source: Source, graph: GraphWriter, businesses: Nodes, users: Nodes, *, users_known: bool) -> None:
    reviewed = graph.relations("REVIEWED", users, businesses, "stars:float", "text", "date:localdatetime")
    objects = source.objects(_file(source, "review"))
    for given in objects:
        user = objects.text(given, "user_id")
        business = objects.text(given, "business_id") if user else None
        stars = objects.number(given, "stars") if business else None
        if user is None or business is None or stars is None:
            continue
        match = _TIME.fullmatch(_text(given, "date") or "")
        if business not in businesses:
            objects.refuse("the id of one of the businesses for 'business_id'", quoted(business))
        elif users_known and user not in users:
            objects.refuse("the id of one of the users for 'user_id'", quoted(user))
        elif match is None:
            objects.refuse("a date as 2024-05-31 12:30:00 for 'date'", quoted(str(given.get("date"))))
        else:
            users.add(user)
            reviewed.add(user, business, stars, _text(given, "text"), f"{match[1]}T{match[2] or '00:00:00'}")


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _names(value: object) -> list[str]:
    """Return the names in "A, B", or in a list, as older editions have it."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return distinct(str(part) for part in parts)


def _price_range(attributes: dict[str, Any]) -> str | None:
    value = str(attributes.get("RestaurantsPriceRange2"))
    return value if value in ("1", "2", "3", "4") else None


def _features(attributes: dict[str, Any]) -> Iterator[str]:
    """Yield what a business has: "outdoor seating" for {"OutdoorSeating": "True"}, "romantic" for an ambience."""
    for name, value in attributes.items():
        inner = _literal(value)
        if isinstance(inner, dict):
            yield from (_words(part) for part, has in inner.items() if has is True)
        elif inner is True and name not in _NO_OFFERS:
            yield _words(name.removeprefix("Restaurants").removeprefix("Business"))


def _literal(value: object) -> object:
    """Return the value of an attribute, which is written as Python would: "True", "{'romantic': False}"."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def _words(name: object) -> str:
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", str(name)).replace("_", " ")
    return spaced.lower()


LAYOUT = Yelp()
