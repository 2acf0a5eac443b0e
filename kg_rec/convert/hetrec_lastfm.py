"""HetRec 2011 Last.fm: artists, how often people played them, tags, friends."""

from __future__ import annotations

from collections import Counter

from kg_rec.convert.source import Source
from kg_rec.convert.tables import Table
from kg_rec.convert.writer import GraphWriter, Nodes, named
from kg_rec.graph.problems import quoted

_TAGGED = ("user_taggedartists.dat", "user_taggedartists-timestamps.dat")
"""The same facts twice, with the day and with the second."""


class HetRecLastFm:
    """The Last.fm data of HetRec 2011."""

    name = "hetrec-lastfm"
    looks_for = "artists.dat and user_artists.dat (HetRec 2011 Last.fm)"

    def recognises(self, source: Source) -> bool:
        """Tell by the names of the files."""
        return source.has("artists.dat", "user_artists.dat")

    def convert(self, source: Source, graph: GraphWriter) -> None:
        """Write artists, tags, users, plays and friends."""
        artists = graph.nodes("Artist", "artistId", "name", "url")
        rows = _table(source, "artists.dat", "id", "name", "url?")
        for artist, name, url in rows:
            if not artists.add(artist, name, url):
                rows.again("id", artist)
        users = graph.nodes("User", "userId")
        listened = graph.relations("LISTENED_TO", users, artists, "plays:long")
        rows = _table(source, "user_artists.dat", "userID", "artistID", "weight:long")
        for user, artist, plays in rows:
            if artist not in artists:
                rows.refuse("artistID", "the id of one of the artists", quoted(artist))
                continue
            users.add(user)
            listened.add(user, artist, plays)
        if source.has("tags.dat"):
            _write_tags(source, graph, artists)
        if source.has("user_friends.dat"):
            friends = graph.relations("FRIEND_OF", users, users, loose=True)
            for user, friend in _table(source, "user_friends.dat", "userID", "friendID"):
                friends.add(user, friend)


def _write_tags(source: Source, graph: GraphWriter, artists: Nodes) -> None:
    """Write how many people gave each tag to each artist. Some artists are tagged that are not among the artists."""
    file = next((name for name in _TAGGED if source.has(name)), None)
    if file is None:
        return
    names = {tag: name for tag, name in _table(source, "tags.dat", "tagID", "tagValue")}  # noqa: C416 - a pair
    rows = _table(source, file, "userID", "artistID", "tagID")
    counts: Counter[tuple[str, str]] = Counter()
    unknown = 0
    tags = named(graph, "Tag", "TAGGED", artists, "count:int")
    for _, artist, tag in rows:
        if tag not in names:
            rows.refuse("tagID", "the id of a tag in tags.dat", quoted(tag))
        elif artist not in artists:
            unknown += 1
        else:
            counts[artist, tags.name(names[tag])] += 1
    for (artist, name), count in counts.items():
        tags.link(artist, [name], count)
    if unknown:
        graph.note(f"left out: {unknown:,} tags given to artists that artists.dat has not")


def _table(source: Source, name: str, *columns: str) -> Table:
    return source.table(name, *columns, delimiter="\t", quote="", otherwise="latin-1")


LAYOUT = HetRecLastFm()
