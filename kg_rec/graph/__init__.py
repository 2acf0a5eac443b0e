"""The graph in Neo4j: a server of its own, loading, exporting, attaching and explaining."""
