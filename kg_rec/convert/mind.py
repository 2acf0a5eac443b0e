"""MIND, the news of Microsoft: articles, what they are about, and who clicked what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kg_rec.convert.source import Source
from kg_rec.convert.tables import Table
from kg_rec.convert.writer import GraphWriter, Nodes, named
from kg_rec.graph.problems import quoted

_TIME = "%m/%d/%Y %I:%M:%S %p"
_IMPRESSION = re.compile(r"(\S+?)(?:-([01]))?")


class Mind:
    """The news of MIND."""

    name = "mind"
    looks_for = "news.tsv and behaviors.tsv (MIND)"

    def recognises(self, source: Source) -> bool:
        """Tell by the names of the files."""
        return source.has("news.tsv", "behaviors.tsv")

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write articles, their categories and entities, users and their clicks."""
        _write_clicks(source, graph, _write_news(source, graph))


def _table(source: Source, name: str, *columns: str) -> Table:
    return source.table(name, *columns, delimiter="\t", quote="", header=False)


def _write_news(source: Source, graph: GraphWriter) -> Nodes:
    news = graph.nodes("News", "newsId", "title", "abstract", "url")
    categories = named(graph, "Category", "IN_CATEGORY", news)
    subcategories = named(graph, "Subcategory", "IN_SUBCATEGORY", news)
    entities = graph.nodes("Entity", "wikidataId", "name", "kind")
    mentions = graph.relations("MENTIONS", news, entities)
    columns = (
        "newsId",
        "category?",
        "subcategory?",
        "title",
        "abstract?",
        "url?",
        "titleEntities?",
        "abstractEntities?",
    )
    rows = _table(source, "news.tsv", *columns)
    for article, category, subcategory, title, abstract, url, *about in rows:
        found = [
            _entities(rows, column, text)
            for column, text in zip(("titleEntities", "abstractEntities"), about, strict=True)
        ]
        if None in found:
            continue
        if not news.add(article, title, abstract, url):
            rows.again("newsId", article)
            continue
        categories.link(article, [category])
        subcategories.link(article, [subcategory])
        named_here = {entity["WikidataId"]: entity for part in found for entity in part or ()}
        for identity, entity in named_here.items():
            entities.add(identity, entity.get("Label"), entity.get("Type"))
            mentions.add(article, identity)
    return news


def _entities(rows: Table, column: str, text: str) -> list[dict[str, Any]] | None:
    """Return the entities in a cell of JSON that name what they are in Wikidata; None after noting that it is none."""
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list):
        rows.refuse(column, "a list in JSON", quoted(text))
        return None
    return [entity for entity in found if isinstance(entity, dict) and isinstance(entity.get("WikidataId"), str)]


def _write_clicks(source: Source, graph: GraphWriter, news: Nodes) -> None:
    """Write who clicked what, and when, where that is known: of the history it is not. What was only shown is left out."""
    users = graph.nodes("User", "userId")
    clicked = graph.relations("CLICKED", users, news, "time:localdatetime")
    rows = _table(source, "behaviors.tsv", "impressionId?", "userId", "time", "history?", "impressions?")
    histories: dict[str, int] = {}
    for _, user, time, history, impressions in rows:
        try:
            moment = datetime.strptime(time, _TIME).isoformat()
        except ValueError:
            rows.refuse("time", "a time as 11/15/2019 8:05:00 AM", quoted(time))
            continue
        before = history.split() if histories.get(user) != hash(history) else []
        now = list(_clicks(impressions))
        if unknown := next((article for article in (*before, *now) if article not in news), None):
            column = "history" if unknown in before else "impressions"
            rows.refuse(column, "ids of articles in news.tsv", quoted(unknown))
            continue
        users.add(user)
        # The history of a user is repeated in all their lines.
        histories[user] = hash(history)
        for article in before:
            clicked.add(user, article, None)
        for article in now:
            clicked.add(user, article, moment)


def _clicks(impressions: str) -> Iterator[str]:
    """Yield what was clicked of "N1-0 N2-1"; of the test set, which does not tell, nothing."""
    for impression in impressions.split():
        match = _IMPRESSION.fullmatch(impression)
        if match and match[2] == "1":
            yield match[1]


LAYOUT = Mind()
