// How many relations of each type lead from nodes with some labels to nodes with others; people who were attached,
// their interests, what they did since and what kg-rec published are left out.
// returns  sources: labels of the source; type; targets: labels of the target; count
MATCH (source)-[relation]->(target)
WHERE NOT source:KGPerson AND NOT target:KGPerson AND NOT relation:KG_SPEAKS_FOR
  AND coalesce(relation.by, '') <> 'kg-rec'
RETURN [label IN labels(source) WHERE NOT label IN ['KGEntity', 'KGItem']] AS sources, type(relation) AS type,
       [label IN labels(target) WHERE NOT label IN ['KGEntity', 'KGItem']] AS targets, count(*) AS count
