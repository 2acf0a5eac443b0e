"""A recommender that lives in a graph database: from a new person's words to explained recommendations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg_rec.convert.frames import Graph
    from kg_rec.errors import KgRecError
    from kg_rec.evaluation.evaluator import evaluate
    from kg_rec.graph.export import export_graph
    from kg_rec.interest import Interest
    from kg_rec.recommender import Recommendation, Recommendations, Recommender
    from kg_rec.schema import GraphSchema
    from kg_rec.settings import Settings, load_settings

__version__ = "0.1.0"

# Where each public name lives. Imported when first used: torch takes seconds to import, `kg-rec --help` must not.
_HOMES = {
    "Graph": "kg_rec.convert.frames",
    "GraphSchema": "kg_rec.schema",
    "Interest": "kg_rec.interest",
    "KgRecError": "kg_rec.errors",
    "Recommendation": "kg_rec.recommender",
    "Recommendations": "kg_rec.recommender",
    "Recommender": "kg_rec.recommender",
    "Settings": "kg_rec.settings",
    "evaluate": "kg_rec.evaluation.evaluator",
    "export_graph": "kg_rec.graph.export",
    "load_settings": "kg_rec.settings",
}

__all__ = [
    "Graph",
    "GraphSchema",
    "Interest",
    "KgRecError",
    "Recommendation",
    "Recommendations",
    "Recommender",
    "Settings",
    "__version__",
    "evaluate",
    "export_graph",
    "load_settings",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kg_rec' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
