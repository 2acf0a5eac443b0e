// Which labels stand together on how many nodes; what kg-rec added is left out.
// returns  labels: sorted; count
MATCH (node)
WHERE NOT node:KGPerson|KGModel|KGWrite|KGEvent|KGFeed
WITH COLLECT {
  UNWIND labels(node) AS label
  WITH label
  WHERE NOT label IN ['KGEntity', 'KGItem']
  RETURN label ORDER BY label
} AS labels
RETURN labels, count(*) AS count
