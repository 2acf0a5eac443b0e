// Recommend the items nearest in meaning to a person's words and interests, by the vector index (kg-rec publish).
// For the Browser:  :param {user: 'User/ann', k: 10}
// $user    key of the person's node
// $k       how many items
// returns  item: key; title; cosine
MATCH (user:KGEntity {key: $user})
WITH user, COLLECT { MATCH (model:KGModel) RETURN properties(model) }[0] AS model
WITH user, model, COLLECT {
       MATCH (user)-[interest:INTERESTED_IN]->(entity:KGEntity)
       WHERE entity.kgEmbedding IS NOT NULL
       RETURN {
         vector: entity.kgEmbedding,
         weight: interest.score * interest.polarity
           * CASE WHEN entity:KGItem THEN model.wishOfItems ELSE model.wishOfEntities END
       }
     } + CASE WHEN user.kgWish IS NULL THEN [] ELSE [{vector: user.kgWish, weight: 1.0}] END AS said
WITH user, [place IN range(0, CASE said WHEN [] THEN -1 ELSE model.vectorSize - 1 END) |
       reduce(sum = 0.0, one IN said | sum + one.weight * one.vector[place])] AS wish
WHERE any(number IN wish WHERE abs(number) > 1e-9)
// Some are left out: those the person knows.
CALL db.index.vector.queryNodes('kgEmbeddingItems', toInteger($k) + 100, wish) YIELD node, score
WHERE NOT EXISTS { (user)--(node) }
RETURN node.key AS item, node.kgName AS title, round(2 * score - 1, 3) AS cosine
ORDER BY cosine DESC, item
LIMIT toInteger($k)
