// The nodes that are still to be adopted, packed.
// $ranks   {label: number}   the labels to adopt, as for adopt/count
// $parts   how many rows, about
// returns  nodes: elementIds
MATCH (node)
WHERE NOT node:KGEntity AND any(label IN labels(node) WHERE $ranks[label] IS NOT NULL)
WITH toInteger(rand() * $parts) AS part, collect(elementId(node)) AS nodes
RETURN nodes
