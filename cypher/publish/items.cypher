// Write the numbers of items.
// $version  of the model
// $rows     [{key, name, vector, popularity}]   vector: of length 1, or null; name: what it is called, or null
// returns   published: how many
UNWIND $rows AS row
MATCH (item:KGEntity {key: row.key})
SET item:KGItem, item.kgModel = $version, item.kgName = row.name, item.kgPopularity = row.popularity,
    item.kgEmbedding = row.vector
RETURN count(*) AS published
