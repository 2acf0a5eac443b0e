// The nodes that are still to be adopted, packed.
// $labels  [labels] to adopt
// $parts   how many rows, about
// returns  nodes: elementIds
MATCH (node)
WHERE NOT node:KGEntity AND any(label IN $labels WHERE label IN labels(node))
WITH toInteger(rand() * $parts) AS part, collect(elementId(node)) AS nodes
RETURN nodes
