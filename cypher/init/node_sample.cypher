// Some nodes with a label.
// $label   the label
// $most    at most so many
// returns  labels; properties: without the key that kg-rec gave
MATCH (node:$($label))
WHERE NOT node:KGPerson
WITH node LIMIT $most
RETURN [label IN labels(node) WHERE label <> 'KGEntity'] AS labels,
       CASE WHEN node:KGEntity THEN node {.*, key: null} ELSE properties(node) END AS properties
