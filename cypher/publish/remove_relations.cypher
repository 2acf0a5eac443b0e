// Take the published relations away; relations SIMILAR_TO that are not from kg-rec stay.
// $version  of the model whose entities keep theirs, or '' where none does
// returns   removed: how many
MATCH (entity:KGEntity)-[relation:KG_SPEAKS_FOR|SIMILAR_TO]->(item)
WHERE (type(relation) = 'KG_SPEAKS_FOR' OR relation.by = 'kg-rec')
  AND ($version = '' OR coalesce(entity.kgModel, '') <> $version OR coalesce(item.kgModel, '') <> $version)
CALL (relation) {
  DELETE relation
} IN TRANSACTIONS OF 10000 ROWS
RETURN count(*) AS removed
