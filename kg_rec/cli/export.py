"""`kg-rec export`: the graph as tensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg_rec.cli.app import connected, current_settings, output, progress, say

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(connected(export))


def export(
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write it: the tensors to FILE.safetensors, names and properties to FILE.json.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Export the graph as tensors and show what they hold.

    Example:  kg-rec export --output graph
    """
    from kg_rec.graph.export import export_graph
    from kg_rec.graph.export_file import export_paths, write_export
    from kg_rec.graph.server import connect
    from kg_rec.schema import read_schema

    if file is not None:
        export_paths(file)  # before the long work: a name that cannot be used
    settings = current_settings()
    schema = read_schema(settings.schema_path) if settings.schema_path.exists() else None
    with progress() as shown, connect(settings, say=say, progress=shown) as client:
        data = export_graph(client, schema, shown)
    _show(data)
    if file is not None:
        tensors, names = write_export(data, file)
        typer.echo(f"written to {tensors} and {names}")


def _show(data: HeteroData) -> None:
    from rich.table import Table

    from kg_rec.graph.interactions import texts_of

    console = output()
    nodes = Table("nodes", "count", "properties", box=None, header_style="bold")
    nodes.columns[1].justify = "right"
    for label in data.node_types:
        nodes.add_row(label, f"{data[label].num_nodes:,}", ", ".join(data[label].properties))
    console.print(nodes)
    relations = Table("relations", "count", "numbers and words", box=None, header_style="bold")
    relations.columns[1].justify = "right"
    for source, name, target in data.edge_types:
        store = data[source, name, target]
        told = [*store.properties, *texts_of(data, (source, name, target))]
        relations.add_row(f"{source} {name} {target}", f"{store.edge_index.size(1):,}", ", ".join(told))
    console.print()
    console.print(relations)
    console.print(f"\nfingerprint {data.fingerprint}")
