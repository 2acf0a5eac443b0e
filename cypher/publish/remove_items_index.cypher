// Take the index of the items' vectors away.
// returns  nothing
DROP INDEX kgEmbeddingItems IF EXISTS
