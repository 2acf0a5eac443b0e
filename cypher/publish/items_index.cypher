// Index the vectors of the items.
// $options  {indexConfig: {…}}   size and likeness of the vectors
// returns   nothing
CREATE VECTOR INDEX kgEmbeddingItems IF NOT EXISTS
FOR (item:KGItem) ON (item.kgEmbedding)
OPTIONS $options
