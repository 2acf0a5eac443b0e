// Some nodes of each kind, always the same ones. All kinds in one pass: to look for each label by itself reads every node anew.
// $shares  {labels: number from 0 to 1}   which part to return of the nodes with these labels, as ":Actor:Person"
// returns  labels: sorted; properties: without the key that kg-rec gave, and without what it published
MATCH (node)
WHERE NOT node:KGPerson|KGModel|KGWrite|KGEvent|KGFeed
WITH node, COLLECT {
  UNWIND labels(node) AS label
  WITH label
  WHERE NOT label IN ['KGEntity', 'KGItem']
  RETURN label ORDER BY label
} AS labels
// The numbers of nodes are shuffled, since those of one kind were often made one after the other.
WHERE id(node) % 9973 * 3571 % 9973 < $shares[reduce(kind = '', label IN labels | kind + ':' + label)] * 9973
RETURN labels, CASE WHEN node:KGEntity THEN node {
  .*, key: null, kgModel: null, kgName: null, kgPopularity: null, kgEmbedding: null, kgWish: null
} ELSE properties(node) END AS properties
