"""Ours without the relations of one type: what each kind of knowledge in the graph is worth.

Two ways to take a relation away. *At serving*: the model stays as it was trained, and its edges are missing from what the signals
are computed from, the neighbours of the items and what was carried in the one-hot block; it costs no training. What the texts
of the items and the vectors of the words took from the relation stays there, as do the weights. *Trained*: the model is trained on
a graph that never had such edges, so that they are in no sentence either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
import torch

from kg_rec.errors import ModelError, SchemaError
from kg_rec.evaluation.controls import rank_ours
from kg_rec.evaluation.split import copied
from kg_rec.model.features import LIKED_TOGETHER, inverse, neighbours_of_items, relation_matrices
from kg_rec.model.rgcn import OneHotRGCN
from kg_rec.progress import SILENT, Progress
from kg_rec.text.asking import item_words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray
    from torch_geometric.data import HeteroData

    from kg_rec.evaluation.controls import Served, Understood
    from kg_rec.model.signals import Evidence
    from kg_rec.model.training import TrainedModel
    from kg_rec.schema import GraphSchema

CARRIED = "without the edges of {}"
TRAINED = "trained without {}"
"""Names of the systems, by the relation's type."""


def relation_types(graph: HeteroData, schema: GraphSchema) -> dict[str, int]:
    """Return the types of the relations between entities, none of whose ends is a user, with how many edges each has."""
    user = schema.user.label if schema.user is not None else None
    found: dict[str, int] = {}
    for source, type_, target in graph.edge_types:
        if user not in (source, target):
            found[type_] = found.get(type_, 0) + int(graph[source, type_, target].edge_index.shape[1])
    return dict(sorted(found.items()))


def in_texts(graph: HeteroData, schema: GraphSchema) -> frozenset[str]:
    """Return the types of the relations that the texts of the items are written from."""
    words = item_words(graph, schema)
    return frozenset(relation.type for relation in (*words.relations, *([words.kind] if words.kind else [])))


def without_type(graph: HeteroData, schema: GraphSchema, type_: str) -> tuple[HeteroData, GraphSchema]:
    """Return the graph without an edge of this type between entities, and a schema to train on it with.

    The type stays, without edges, so that the templates of asking sentences may name it. Where another relation has come to say
    what kind an item is, and they name that one, they are the default ones.
    """
    twin = copied(graph)
    user = schema.user.label if schema.user is not None else None
    for triple in graph.edge_types:
        if triple[1] == type_ and user not in (triple[0], triple[2]):
            twin[triple].edge_index = graph[triple].edge_index[:, :0]
            twin[triple].properties = {name: values[:0] for name, values in graph[triple].properties.items()}
    try:
        item_words(twin, schema)
    except SchemaError:
        return twin, schema.model_copy(update={"asking": ()})
    return twin, schema


def evidence_without(model: TrainedModel, knowledge: dict[str, sp.csr_array], type_: str | None) -> Evidence:
    """Return what the signals are computed from, as it is without the edges of a type; None takes nothing away.

    knowledge: `relation_matrices` of the graph that the model was trained on.
    Raises ModelError where the model does not tell how much each relation carries in it.
    """
    gone = () if type_ is None else (type_, inverse(type_))
    left = {
        name: sp.csr_array(matrix.shape, dtype=matrix.dtype) if name in gone else matrix
        for name, matrix in knowledge.items()
    }
    carried = carried_by(model, knowledge)
    evidence, size = model.evidence, len(model.entities)
    together = evidence.likings.together.tocoo()
    left[LIKED_TOGETHER] = sp.csr_array((together.data, together.coords), shape=(size, size))
    layers = zip(*(carried[name] for name in left), strict=True)
    network = OneHotRGCN([torch.tensor(layer) for layer in layers])
    return replace(
        evidence,
        one_hot=network.representations(list(left.values())),
        direct=neighbours_of_items({name: left[name] for name in knowledge}, model.entities),
    )


def carried_by(model: TrainedModel, knowledge: dict[str, sp.csr_array]) -> dict[str, list[float]]:
    """Return a_r of each relation in the one-hot block of a model, one number a layer.

    Raises ModelError where the model does not tell, having been trained by an earlier kg-rec, on another graph, or with a network
    of one's own.
    """
    if model.network is not None:
        raise ModelError(
            f"Expected kg-rec's own network, which tells how much each relation carries, found {model.network}.",
            remedy="Leave out what asks for it, and the controls, which are trained: kg-rec evaluate --people FILE --quick",
        )
    carried: dict[str, list[float]] = model.metrics.get("carried", {})
    if set(carried) != {*knowledge, LIKED_TOGETHER}:
        raise ModelError(
            f"Expected the model to tell how much each of {len(knowledge) + 1} relations carries, found {len(carried)} of them.",
            remedy="Train again: kg-rec train",
        )
    return carried


def rank_without_each(
    served: Served,
    graph: HeteroData,
    understood: Understood,
    hidden: Sequence[Collection[int]],
    progress: Progress = SILENT,
) -> dict[str, list[NDArray[np.int64]]]:
    """Return the lists of ours without the edges of each type of relation, by the name of the system.

    graph: the one that the model was trained on. Raises ModelError as `evidence_without` does.
    """
    model, schema = served.artifact.model, served.artifact.schema
    knowledge = relation_matrices(graph, model.entities)
    types = relation_types(graph, schema)
    step = progress.step("Ranking without a relation", len(types), "relations")
    lists = {}
    for type_ in types:
        less = replace(model, evidence=evidence_without(model, knowledge, type_))
        lists[CARRIED.format(type_)] = rank_ours(
            replace(served, artifact=replace(served.artifact, model=less)), understood, hidden
        )
        step.advance()
    return lists
