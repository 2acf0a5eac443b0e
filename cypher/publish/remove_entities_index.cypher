// Take the index of the entities' vectors away.
// returns  nothing
DROP INDEX kgEmbeddingEntities IF EXISTS
