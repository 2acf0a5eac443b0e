// Write the numbers of entities that are no items.
// $version  of the model
// $rows     [{key, name, vector}]   vector: of length 1, or null; name: what it is called, or null
// returns   published: how many
UNWIND $rows AS row
MATCH (entity:KGEntity {key: row.key})
REMOVE entity:KGItem, entity.kgPopularity
SET entity.kgModel = $version, entity.kgName = row.name, entity.kgEmbedding = row.vector
RETURN count(*) AS published
