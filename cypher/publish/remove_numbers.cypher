// Take what was published off the entities.
// $version  of the model whose entities keep theirs, or '' where none does
// returns   removed: from how many
MATCH (entity:KGEntity)
WHERE entity.kgModel IS NOT NULL AND entity.kgModel <> $version
CALL (entity) {
  REMOVE entity:KGItem, entity.kgModel, entity.kgName, entity.kgPopularity, entity.kgEmbedding
} IN TRANSACTIONS OF 2000 ROWS
RETURN count(*) AS removed
