// Index the vectors of all entities, items among them.
// $options  {indexConfig: {…}}   size and likeness of the vectors
// returns   nothing
CREATE VECTOR INDEX kgEmbeddingEntities IF NOT EXISTS
FOR (entity:KGEntity) ON (entity.kgEmbedding)
OPTIONS $options
