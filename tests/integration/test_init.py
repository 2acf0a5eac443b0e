"""What `kg-rec init` finds out of itself: ids by their values alone, and dates, of which the year counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import neo4j
import pytest
from neo4j_dump import dump
from pydantic import SecretStr
from typer.testing import CliRunner

from kg_rec.cli import build_app
from kg_rec.graph.client import GraphClient
from kg_rec.graph.server import ManagedServer
from kg_rec.recommender import Recommender
from kg_rec.schema import read_schema
from kg_rec.settings import Settings

FORUM: LiteralString = """
UNWIND range(1, 24) AS number
CREATE (post:Post {
  headline: 'Post about ' + ['winter', 'bread', 'harbours'][number % 3] + ' in ' + number, permalink: 'p-' + number,
  published: date({year: 1990 + number, month: 5, day: 1}), edited: '2024-02-0' + (1 + number % 9), wordCount: 100 * number,
  body: 'A long and quiet text of what there is to tell about it all, part ' + number
})
MERGE (tag:Tag {slug: ['winter', 'bread', 'harbours'][number % 3]})
  ON CREATE SET tag.name = 'of the ' + CASE number % 3 WHEN 0 THEN 'cold' ELSE 'town' END
MERGE (author:Author {email: 'a' + number % 5 + '@example.org'}) ON CREATE SET author.name = 'Kim', author.born = 1950 + number
MERGE (place:Place {x: number % 2, name: 'same'})
CREATE (post)-[:TAGGED]->(tag), (post)-[:BY]->(author), (post)-[:IN]->(place)
WITH collect(post) AS posts
UNWIND range(1, 12) AS number
CREATE (member:Member {userName: 'member ' + number})
WITH posts, member, number
UNWIND range(0, 23) AS place
WITH member, number, posts[place] AS post, place
WHERE place % 3 = number % 3
CREATE (member)-[:RATED {stars: 1 + (number + place) % 5, at: datetime('2024-01-01T00:00:00Z')}]->(post)
"""


@pytest.fixture
def owner(server: ManagedServer, empty_graph: GraphClient) -> Iterator[neo4j.Driver]:
    """The connection of the owner of a forum."""
    with neo4j.GraphDatabase.driver(empty_graph.uri, auth=("neo4j", server.password())) as driver:
        driver.execute_query(FORUM)
        yield driver


@pytest.fixture
def settings(server: ManagedServer, owner: neo4j.Driver, client: GraphClient, tmp_path: Path) -> Settings:
    password = SecretStr(server.password())
    return Settings(home=tmp_path / "home", neo4j_uri=client.uri, neo4j_password=password, encoder="hash")


@pytest.fixture
def told(settings: Settings) -> str:
    """What `kg-rec init` prints of the forum."""
    given = {
        "KG_REC_HOME": str(settings.home),
        "KG_REC_NEO4J_URI": str(settings.neo4j_uri),
        "KG_REC_NEO4J_PASSWORD": settings.neo4j_password.get_secret_value() if settings.neo4j_password else "",
    }
    result = CliRunner().invoke(build_app(), ["init"], env=given)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_ids_are_found_by_their_values_and_told_with_the_reason(settings: Settings, told: str) -> None:
    schema = read_schema(settings.schema_path)
    ids = {label: entity.id for label, entity in schema.entities.items()}
    assert (schema.item.label, schema.item.id) == ("Post", "permalink")
    assert schema.user is not None and (schema.user.label, schema.user.id) == ("Member", "userName")
    # Years of birth differ by chance, names are shared, and where nothing differs nodes are numbered.
    assert ids == {"Tag": "slug", "Author": "email", "Place": "key"}
    lines = told.splitlines()
    assert "    id         permalink (because every Post has one of its own)" in lines
    assert "    id         userName (because every Member has one of its own)" in lines
    assert lines[lines.index("  ids of the others") + 1 :][:3] == [
        "    Author     email (because every Author has one of its own)",
        "    Tag        slug (because every Tag has one of its own)",
        "    Place      a number (because no property tells every Place apart; kg-rec adopt gives each a key)",
    ]
    written = settings.schema_path.read_text(encoding="utf-8")
    assert '#   because every Author has one of its own\nid = "email"\n' in written


def test_keys_are_made_of_the_ids_that_the_schema_names(settings: Settings, told: str, owner: neo4j.Driver) -> None:
    before = dump(owner)
    path = settings.schema_path
    path.write_text(path.read_text(encoding="utf-8").replace('id = "slug"', 'id = "name"'), encoding="utf-8")
    with Recommender.open(settings) as recommender:
        recommender.adopt()
        keys = {row["key"] for row in owner.execute_query("MATCH (node:KGEntity) RETURN node.key AS key").records}
        assert {"Post/p-1", "Member/member 12", "Author/a0@example.org"} <= keys
        # Two tags share their name: those are numbered rather than refused.
        assert sum(key.startswith("Tag/~") for key in keys) == 3
        recommender.forget()
    assert dump(owner) == before


def test_of_dates_the_year_counts(settings: Settings, told: str) -> None:
    assert "    released   published (because the values of 'published' are dates, of which the year counts)" in told
    path = settings.schema_path
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('# numeric = ["price"]', 'numeric = ["edited"]'), encoding="utf-8")
    with Recommender.open(settings) as recommender:
        recommender.adopt()
        recommender.train()
        found = recommender.recommend("bread", k=10, where=["published>=2010", "edited<2025"])
        years = [one.properties["published"] for one in found.items]
        assert years and all(isinstance(year, int) and 2010 <= year <= 2014 for year in years)
        assert {one.properties["edited"] for one in found.items} == {2024}
        recommender.forget()
