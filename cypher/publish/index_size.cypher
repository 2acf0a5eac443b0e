// How long the vectors of the indexes are.
// returns  size; nothing where there is no index
SHOW VECTOR INDEXES YIELD name, options
WHERE name STARTS WITH 'kgEmbedding'
RETURN options.indexConfig['vector.dimensions'] AS size
