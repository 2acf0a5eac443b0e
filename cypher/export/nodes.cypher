// All entities with their properties, a thousand or so a row; people that were attached are left out, and
// what kg-rec published is null.
// returns  ids: internal ids, valid within the transaction; properties: those of each, its key among them
MATCH (entity:KGEntity)
WHERE NOT entity:KGPerson
WITH id(entity) / 1000 AS part, collect(entity) AS entities
RETURN [entity IN entities | id(entity)] AS ids, [entity IN entities | entity {
  .*, kgModel: null, kgName: null, kgPopularity: null, kgEmbedding: null, kgWish: null
}] AS properties
