// Recommend items that paths lead to from what a person likes, with these paths in words (kg-rec publish): over a relation to what
// was asked for, or over what an item has in common with one that was named. Among the items that have a path counts what the
// interests at its beginning speak for them, nearness in meaning, and popularity. Of the paths those are told first that few
// items share; what a fifth of all items share is no path between two items. What is related to something that the person
// dislikes is left out.
// For the Browser:  :param {user: 'User/ann', k: 10}
// $user    key of the person's node
// $k       how many items
// returns  item: key; title; score: comparable within one answer; paths: up to three, the most telling first
MATCH (user:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(liked:KGEntity)
WHERE interest.polarity > 0
WITH user, interest.score AS weight, liked, COUNT { (:KGItem) } AS items
CALL (liked, items) {
  // what was asked for is related to the item
  MATCH (liked)-[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec']-(item:KGItem)
  WHERE NOT liked:KGItem
  RETURN DISTINCT item, liked AS middle, liked.kgName AS path, 1.0 AS share
  UNION
  // an item that was named has something in common with it
  MATCH (liked:KGItem)-[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec']-(middle:KGEntity)
  WHERE middle.kgEmbedding IS NOT NULL AND NOT middle:KGItem
    AND COUNT { (middle)--() } - COUNT { (middle)-[:KG_SPEAKS_FOR]-() } <= 10 + 0.2 * items
  WITH DISTINCT liked, middle
  MATCH (middle)-[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec']-(item:KGItem)
  WHERE item <> liked
  RETURN DISTINCT item, middle, liked.kgName + ' – ' + middle.kgName AS path, 0.2 AS share
  UNION
  // an item that was named is similar to it
  MATCH (liked:KGItem)-[similar:SIMILAR_TO {by: 'kg-rec'}]->(item:KGItem)
  RETURN item, item AS middle, liked.kgName + ' is similar' AS path, similar.score AS share
}
WITH user, liked, weight, item, path,
     weight * share * log(2.0 + items / (1.0 + COUNT { (middle)--() } - COUNT { (middle)-[:KG_SPEAKS_FOR]-() })) AS telling
ORDER BY telling DESC
WITH user, liked, weight, item, collect({path: path, telling: telling})[..3] AS told
OPTIONAL MATCH (liked)-[speaks:KG_SPEAKS_FOR]->(item)
WITH user, item, sum(weight * coalesce(speaks.score, 0.0)) AS spoken, collect(told) AS told
WHERE NOT EXISTS { (user)--(item) }
  AND NOT EXISTS {
    MATCH (user)-[no:INTERESTED_IN {by: 'kg-rec'}]->(disliked:KGEntity)-[relation]-(item)
    WHERE no.polarity < 0 AND NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec'
  }
WITH user, COLLECT { MATCH (model:KGModel) RETURN properties(model) }[0] AS model,
     collect({item: item, spoken: spoken, told: told}) AS reached
// What the person wants as a vector: their words, and what their interests say.
WITH model, reached, COLLECT {
       MATCH (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
       WHERE entity.kgEmbedding IS NOT NULL
       RETURN {
         vector: entity.kgEmbedding,
         weight: interest.score * interest.polarity
           * CASE WHEN entity:KGItem THEN model.wishOfItems ELSE model.wishOfEntities END
       }
     } + CASE WHEN user.kgWish IS NULL THEN [] ELSE [{vector: user.kgWish, weight: 1.0}] END AS said
WITH model, reached, [place IN range(0, CASE said WHEN [] THEN -1 ELSE model.vectorSize - 1 END) |
       reduce(sum = 0.0, one IN said | sum + one.weight * one.vector[place])] AS wish
WITH model, reached, wish, any(number IN wish WHERE abs(number) > 1e-9) AS wishes
UNWIND reached AS one
WITH one.item AS item, one.told AS told,
     model.popularity * coalesce(one.item.kgPopularity, 0.0) + one.spoken
     + CASE WHEN wishes AND one.item.kgEmbedding IS NOT NULL
         THEN model.text * (2 * vector.similarity.cosine(one.item.kgEmbedding, wish) - 1) ELSE 0.0 END AS score
ORDER BY score DESC, item.key
LIMIT toInteger($k)
UNWIND told AS some
UNWIND some AS one
WITH item, score, one
ORDER BY one.telling DESC
RETURN item.key AS item, item.kgName AS title, round(score, 3) AS score, collect(one.path)[..3] AS paths
ORDER BY score DESC, item
