// Some relations of each type, always the same ones; as for nodes, all types in one pass.
// $shares  {type: number from 0 to 1}   which part of its relations to return
// returns  type; sources, targets: labels of the two ends; properties
MATCH (source)-[relation]->(target)
WHERE id(relation) % 9973 * 3571 % 9973 < $shares[type(relation)] * 9973 AND NOT source:KGPerson
  AND NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec'
RETURN type(relation) AS type, properties(relation) AS properties,
       [label IN labels(source) WHERE NOT label IN ['KGEntity', 'KGItem']] AS sources,
       [label IN labels(target) WHERE NOT label IN ['KGEntity', 'KGItem']] AS targets
