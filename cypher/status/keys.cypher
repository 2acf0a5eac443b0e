// The keys of all entities, a thousand or so a row; people that were attached are left out.
// returns  keys: of each entity
MATCH (entity:KGEntity)
WHERE NOT entity:KGPerson
WITH id(entity) / 1000 AS part, collect(entity.key) AS keys
RETURN keys
