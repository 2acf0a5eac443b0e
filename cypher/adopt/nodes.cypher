// Give nodes that were there before kg-rec the label and the key that it finds them by. Where a node has no id, the key
// is the number that it has in the database: "Genre/~17".
// $nodes    [elementIds] of nodes
// $labels   [labels] to adopt
// $ranks    {label: number}   place of each in $labels, from 0; of a node with several labels the first counts
// $starts   {label: beginning of its keys}
// $ids      {label: property with the id, or ''}
// $longest  largest size of an id, in characters; a longer one is none
// returns   adopted: how many nodes
UNWIND $nodes AS id
MATCH (node)
WHERE elementId(node) = id AND NOT node:KGEntity
WITH node, $labels[reduce(first = size($labels), label IN labels(node) |
  CASE WHEN $ranks[label] < first THEN $ranks[label] ELSE first END)] AS label
WITH node, label, toStringOrNull(node[$ids[label]]) AS id
SET node:KGEntity,
    node.key = $starts[label] + CASE WHEN size(id) <= $longest THEN id ELSE '~' + last(split(elementId(node), ':')) END
RETURN count(*) AS adopted
