// How many relations of each type lead from nodes with one primary label to nodes with another, and how many nodes there
// are with each; people that were attached, interests, what people did since they came, and what kg-rec published are left out.
// returns  source, type, target: beginnings of keys and type of the relation, type and target null for nodes; count.
//          source, or target of a relation, is null for nodes that have no key
MATCH (entity:KGEntity)
WHERE NOT entity:KGPerson
RETURN split(entity.key, '/')[0] AS source, null AS type, null AS target, count(*) AS count
UNION ALL
MATCH (source:KGEntity)-[relation]->(target:KGEntity)
WHERE NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec' AND NOT source:KGPerson AND NOT target:KGPerson
RETURN split(source.key, '/')[0] AS source, type(relation) AS type, split(target.key, '/')[0] AS target,
       count(*) AS count
