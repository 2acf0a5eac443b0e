// Recommend items by the vector index alone: of the 1,000 that are nearest in meaning to a person's words and interests, those of
// most nearness and popularity together (kg-rec publish). What is related to something that the person dislikes is left out.
// For the Browser:  :param {user: 'User/ann', k: 10}
// $user    key of the person's node
// $k       how many items
// returns  item: key; title; score: comparable within one answer; cosine: how near
MATCH (user:KGEntity {key: $user})
WITH user, COLLECT { MATCH (model:KGModel) RETURN properties(model) }[0] AS model
WITH user, model, COLLECT {
       MATCH (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
       WHERE entity.kgEmbedding IS NOT NULL
       RETURN {
         vector: entity.kgEmbedding,
         weight: interest.score * interest.polarity
           * CASE WHEN entity:KGItem THEN model.wishOfItems ELSE model.wishOfEntities END
       }
     } + CASE WHEN user.kgWish IS NULL THEN [] ELSE [{vector: user.kgWish, weight: 1.0}] END AS said
WITH user, model, [place IN range(0, CASE said WHEN [] THEN -1 ELSE model.vectorSize - 1 END) |
       reduce(sum = 0.0, one IN said | sum + one.weight * one.vector[place])] AS wish
WHERE any(number IN wish WHERE abs(number) > 1e-9)
CALL db.index.vector.queryNodes('kgEmbeddingItems', 1000, wish) YIELD node, score AS likeness
WHERE NOT EXISTS { (user)--(node) }
  AND NOT EXISTS {
    MATCH (user)-[no:INTERESTED_IN {by: 'kg-rec'}]->(disliked:KGEntity)-[relation]-(node)
    WHERE no.polarity < 0 AND NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec'
  }
WITH node, 2 * likeness - 1 AS cosine, model
WITH node, cosine, model.popularity * coalesce(node.kgPopularity, 0.0) + model.text * cosine AS score
RETURN node.key AS item, node.kgName AS title, round(score, 3) AS score, round(cosine, 3) AS cosine
ORDER BY score DESC, item
LIMIT toInteger($k)
