// Recommend items to a person by their interests: the score of the model, as far as it is published (kg-rec publish).
// For the Browser:  :param {user: 'User/ann', k: 10}
// $user    key of the person's node
// $k       how many items
// returns  item: key; title; score: comparable within one answer; because: names of the interests that speak most for it
MATCH (user:KGEntity {key: $user})
WITH user,
     COLLECT { MATCH (model:KGModel) RETURN properties(model) }[0] AS model,
     COLLECT {
       MATCH (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
       RETURN {
         entity: entity, name: entity.kgName, weight: interest.score * interest.polarity,
         said: coalesce(toLower(head(interest.evidence)), entity.key), asked: interest.polarity > 0 AND NOT entity:KGItem
       }
     } AS interests
// What they want as a vector: their words, and what their interests say.
WITH user, model, interests, [one IN interests WHERE one.entity.kgEmbedding IS NOT NULL |
       {vector: one.entity.kgEmbedding,
        weight: one.weight * CASE WHEN one.entity:KGItem THEN model.wishOfItems ELSE model.wishOfEntities END}
     ] + CASE WHEN user.kgWish IS NULL THEN [] ELSE [{vector: user.kgWish, weight: 1.0}] END AS said
WITH user, model, interests,
     [place IN range(0, CASE said WHEN [] THEN -1 ELSE model.vectorSize - 1 END) |
       reduce(sum = 0.0, one IN said | sum + one.weight * one.vector[place])] AS wish
WITH user, model, interests, wish, any(number IN wish WHERE abs(number) > 1e-9) AS wishes
// Items that may be among the best, and what is said of them by one interest each.
CALL (interests, wish, wishes) {
  UNWIND CASE WHEN wishes THEN [wish] ELSE [] END AS vector
  CALL db.index.vector.queryNodes('kgEmbeddingItems', 200, vector) YIELD node
  RETURN node AS item, true AS candidate, 0.0 AS spoken, null AS met, 0.0 AS disliked, null AS name
  UNION ALL
  MATCH (item:KGItem)
  WHERE item.kgPopularity IS NOT NULL
  WITH item ORDER BY item.kgPopularity DESC LIMIT 300
  RETURN item, true AS candidate, 0.0 AS spoken, null AS met, 0.0 AS disliked, null AS name
  UNION ALL
  UNWIND interests AS one
  WITH one, one.entity AS entity
  MATCH (entity)-[speaks:KG_SPEAKS_FOR]->(item)
  RETURN item, true AS candidate, one.weight * speaks.score AS spoken, null AS met, 0.0 AS disliked, one.name AS name
  UNION ALL
  UNWIND interests AS one
  WITH one, one.entity AS entity
  WHERE one.asked OR one.weight < 0
  MATCH (entity)-[relation]-(item:KGItem)
  WHERE NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec'
  WITH DISTINCT one, item
  RETURN item, false AS candidate, 0.0 AS spoken, CASE WHEN one.asked THEN one.said END AS met,
         CASE WHEN one.weight < 0 THEN one.weight ELSE 0.0 END AS disliked, CASE WHEN one.asked THEN one.name END AS name
}
WITH user, model, interests, wish, wishes, item, max(toInteger(candidate)) AS candidate, sum(spoken) AS spoken,
     count(DISTINCT met) AS met, sum(disliked) AS disliked, collect({name: name, spoken: spoken}) AS told
WHERE candidate = 1 AND NOT EXISTS { (user)--(item) }
WITH item, told,
     model.popularity * coalesce(item.kgPopularity, 0.0) + spoken + model.dislikes * disliked
     + CASE WHEN wishes AND item.kgEmbedding IS NOT NULL
         THEN model.text * (2 * vector.similarity.cosine(item.kgEmbedding, wish) - 1) ELSE 0.0 END
     + CASE WHEN met > 0 AND met = COUNT { UNWIND interests AS one WITH one WHERE one.asked RETURN DISTINCT one.said }
         THEN model.everything ELSE 0.0 END AS score
ORDER BY score DESC, item.key
LIMIT toInteger($k)
UNWIND told AS one
WITH item, score, one.name AS name, sum(one.spoken) AS spoken
ORDER BY spoken DESC
WITH item, score, [name IN collect(CASE WHEN spoken >= 0 THEN name END) WHERE name IS NOT NULL][..3] AS because
RETURN item.key AS item, item.kgName AS title, round(score, 3) AS score, because
ORDER BY score DESC, item
