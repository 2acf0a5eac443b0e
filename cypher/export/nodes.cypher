// All entities with their properties, a thousand or so a row; people that were attached are left out.
// returns  ids: internal ids, valid within the transaction; properties: those of each, its key among them
MATCH (entity:KGEntity)
WHERE NOT entity:KGPerson
WITH id(entity) / 1000 AS part, collect(entity) AS entities
RETURN [entity IN entities | id(entity)] AS ids, [entity IN entities | properties(entity)] AS properties
