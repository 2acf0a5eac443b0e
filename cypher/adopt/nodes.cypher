// Give nodes that were there before kg-rec the label and the key that it finds them by. Where a node has no id, the key
// is the number that it has in the database: "Genre/~17".
// $nodes   [elementIds] of nodes
// $labels  [labels] to adopt; of a node with several, the first here counts
// $starts  {label: beginning of its keys}
// $ids     {label: property with the id, or ''}
// returns  adopted: how many nodes
UNWIND $nodes AS id
MATCH (node)
WHERE elementId(node) = id AND NOT node:KGEntity
WITH node, head([label IN $labels WHERE label IN labels(node)]) AS label
SET node:KGEntity,
    node.key = $starts[label] + coalesce(toStringOrNull(node[$ids[label]]), '~' + last(split(elementId(node), ':')))
RETURN count(*) AS adopted
