"""Pictures of parts of the graph: by neo4j-viz, to move about in, and by matplotlib, for where a notebook is only read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import neo4j
import networkx as nx
from IPython.display import display
from neo4j_viz import VisualizationGraph
from neo4j_viz.neo4j import from_neo4j

COLOURS = ["#4c8eda", "#f79767", "#57c7e3", "#ffc454", "#8dcc93", "#c990c0", "#d9c8ae"]
_COLOUR_OF = {"Somebody": "#ecb5c9"}
"""The colour of each label, which it keeps from picture to picture."""
_NAMES = ("title", "name", "id")


def pick(driver: neo4j.Driver, statements: str | Iterable[str], **parameters: Any) -> VisualizationGraph:
    """Return the nodes and relations that Cypher statements find, each once, called by title or name, a colour a label."""
    nodes, relations = {}, {}
    for statement in [statements] if isinstance(statements, str) else statements:
        found = from_neo4j(driver.execute_query(statement, parameters_=parameters))
        nodes |= {node.id: node for node in found.nodes}
        relations |= {relation.id: relation for relation in found.relationships}
    kinds = {node.id: _kind(node.properties["labels"]) for node in nodes.values()}
    for kind in sorted(set(kinds.values()) - _COLOUR_OF.keys()):
        _COLOUR_OF[kind] = COLOURS[(len(_COLOUR_OF) - 1) % len(COLOURS)]
    for node in nodes.values():
        names = [node.properties[name] for name in _NAMES if node.properties.get(name)]
        key = str(node.properties.get("key", ""))
        node.caption = str(names[0]) if names else key.partition("/")[2] or kinds[node.id]
        node.color, node.size = _COLOUR_OF[kinds[node.id]], 25
        node.properties = {"kind": kinds[node.id]}  # embeddings and long texts are no part of a picture
    for relation in relations.values():
        relation.properties = {}
    return VisualizationGraph(list(nodes.values()), list(relations.values()))


def show(graph: VisualizationGraph, *, first: Iterable[str] = (), last: Iterable[str] = (), height: int = 4) -> None:
    """Show a graph to move about in, and drawn. first, last: captions of nodes that stand on the left, and on the right."""
    display(graph.render(height=f"{100 * height}px"))
    drawn = nx.Graph()
    captions = {str(node.id): str(node.caption) for node in graph.nodes}
    drawn.add_nodes_from(sorted(captions, key=captions.__getitem__))
    ends = [(str(relation.source), str(relation.target)) for relation in graph.relationships]
    # In an order of their own: Neo4j has none, and where nodes stand must not differ from run to run.
    drawn.add_edges_from(sorted(ends, key=lambda pair: tuple(sorted(captions[one] for one in pair))))
    start = [str(node.id) for node in graph.nodes if node.caption in set(first)]
    if start:
        far = nx.multi_source_dijkstra_path_length(drawn, start)
        end = max(far.values()) + 1
        layers: dict[int, list[str]] = {}
        for node in drawn:
            layer = end if captions[node] in set(last) else far.get(node, end)
            layers.setdefault(layer, []).append(node)
        places = nx.multipartite_layout(drawn, subset_key=layers)
    elif nx.is_connected(drawn):
        places = nx.kamada_kawai_layout(drawn)
    else:
        places = nx.spring_layout(drawn, seed=3, iterations=200)
    _, axes = plt.subplots(figsize=(10, height), dpi=75)
    by_id = {str(node.id): node for node in graph.nodes}
    nx.draw_networkx_edges(drawn, places, ax=axes, edge_color="#cccccc")
    colours = [by_id[node].color.as_hex(format="long") for node in drawn]
    nx.draw_networkx_nodes(drawn, places, ax=axes, node_color=colours, node_size=90)
    beside = {"xytext": (8, 0), "va": "center"} if start else {"xytext": (0, 6), "ha": "center"}
    for node, place in places.items():
        axes.annotate(captions[node], place, textcoords="offset points", fontsize=9, **beside)
    for kind, colour in sorted(
        {(by_id[node].properties["kind"], colour) for node, colour in zip(drawn, colours, strict=True)}
    ):
        axes.scatter([], [], color=colour, label=kind)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=7, frameon=False)
    axes.margins(x=0.2 if start else 0.1, y=0.1)
    axes.axis("off")
    plt.show()


def _kind(labels: list[str]) -> str:
    if "KGPerson" in labels:
        return "Somebody"
    return next((label for label in labels if label != "KGEntity"), "Node")
