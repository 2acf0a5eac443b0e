"""A model brought up to date with its graph, without training.

What was learned stays: the a_r of the R-GCN, the link predictor, the weights of the signals, how asking and telling read, the
probabilities, and the form of the asking sentences. All else is computed from the graph as it is now, by the functions that
training uses: what is new gets its representation from its words and its neighbours, what is gone is gone, and popularity, the
likings and `LIKED_TOGETHER` count what people have done since. Only words that have changed are encoded.

A network of one's own (kg_rec/model/protocol.py) cannot be asked again: the model holds what it gave, neither code nor weights.

What training has not seen starts where training would start: a relation type carries the a_r of its prior, a label has the nu and
omega of its prior. The rows of the tensors are numbered anew; an entity is known by its key.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from kg_rec.errors import ModelError, SchemaError
from kg_rec.graph.content import content_of
from kg_rec.model.artifact import Artifact, answerable
from kg_rec.model.crowd import Crowd
from kg_rec.model.features import neighbours_of_items, number_entities, numeric_ranks, relation_matrices
from kg_rec.model.link_prediction import LinkPredictor
from kg_rec.model.texts import Texts, encode_texts
from kg_rec.model.training import Course
from kg_rec.progress import SILENT, Progress
from kg_rec.text.asking import item_words

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

    from kg_rec.model.features import Entities
    from kg_rec.schema import GraphSchema
    from kg_rec.text.encoder import TextEncoder


@dataclass(frozen=True)
class Update:
    """artifact: not written yet; worded: of how many entities the words were encoded; encoding: how many seconds that took."""

    artifact: Artifact
    worded: int
    encoding: float


def synced(
    artifact: Artifact,
    texts: Texts,
    graph: HeteroData,
    schema: GraphSchema,
    encoder: TextEncoder,
    progress: Progress = SILENT,
) -> Update:
    """Return the artifact for an exported graph as it is now; nothing is written, and the one given stays as it is.

    texts: what the text block of the artifact started from (`kg_rec.model.artifact.load_texts`); schema: may say more than at
    training, but must mean the same by items, users and interactions; encoder: the one of the artifact.
    Raises GraphError, SchemaError and EncoderError as training does, what `check_can_be_synced` raises, and ModelError where a
    representation is not finite.
    """
    check_can_be_synced(artifact, schema)
    old = artifact.model
    settings = old.settings
    entities = number_entities(graph, schema)
    words = item_words(graph, schema, texts.form)
    begun = time.monotonic()
    encoded = encode_texts(
        graph,
        schema,
        entities,
        words,
        encoder,
        description=settings.description,
        before=(old.entities, texts),
        progress=progress,
    )
    encoding = time.monotonic() - begun
    found = encoded.texts
    knowledge = relation_matrices(graph, entities)
    course = Course(
        torch.from_numpy(found.vectors),
        _grown(old.evidence.predictor, old.entities, entities),
        knowledge,
        neighbours_of_items(knowledge, entities),
        numeric_ranks(graph, schema),
        Crowd.of(graph, schema, entities, settings.folds),
        settings,
    )
    carried = old.metrics["carried"]
    course.carry(carried)
    evidence = course.evidence(None)
    for name, values in (("text", evidence.text.numpy()), ("graph", evidence.one_hot.data)):
        if not bool(torch.isfinite(torch.from_numpy(values)).all()):
            raise ModelError(
                f"The representations are not finite in the {name} block.", remedy="Train again: kg-rec train"
            )
    model = replace(
        old,
        entities=entities,
        evidence=evidence,
        names=torch.from_numpy(found.names),
        relation_weights=course.relation_weights(),
        # A relation that is gone may come back; what it carried is kept for that.
        metrics={**old.metrics, "carried": {**carried, **course.multiples()}},
        texts=found,
    )
    now = Artifact(
        model,
        schema,
        answerable(graph[schema.item.label].properties, schema),
        graph.fingerprint,
        artifact.encoder,
        content=content_of(graph),
        trained=artifact.trained,
    )
    return Update(now, len(encoded.rows), encoding)


def check_can_be_synced(artifact: Artifact, schema: GraphSchema) -> None:
    """Raise ModelError for a network of one's own, and SchemaError where the schema means something else by items, users or
    interactions than the one trained with.
    """
    if artifact.model.network is not None:
        raise ModelError(
            f"The model {artifact.version} has a network of one's own, {artifact.model.network}: expected one of kg-rec's, since "
            "a model keeps what such a network gave for the graph at training, not the network.",
            remedy="Train again: from Python with it, Recommender.train(model=…), or with ours, kg-rec train",
        )

    def told(one: GraphSchema) -> dict[str, str]:
        user, interaction = one.user, one.interaction
        return {
            "item.label": one.item.label,
            "user.label": user.label if user else "none",
            "interaction": f"{interaction.type}, {interaction.kind}" if interaction else "none",
        }

    before, now = told(artifact.schema), told(schema)
    for name, value in before.items():
        if now[name] != value:
            raise SchemaError(
                f"schema.toml: {name}: expected '{value}', as the model was trained with, found '{now[name]}'.",
                remedy="The learned weights are of no use for that. Train again: kg-rec train",
            )


def _grown(predictor: LinkPredictor, before: Entities, entities: Entities) -> LinkPredictor:
    """Return the predictor over other entities, with what it learned of the labels it knows and of beta."""
    grown = LinkPredictor.over(entities, predictor.temperature)
    place = {label: number for number, label in enumerate(before.slices)}
    with torch.no_grad():
        for number, label in enumerate(entities.slices):
            if label in place:
                grown.nu_change[number] = predictor.nu_change[place[label]]
        grown.beta_change.copy_(predictor.beta_change)
    return grown.eval()
