// Recommend the items that most paths lead to from what a person likes, with these paths in words (kg-rec publish). A path is
// the stronger the fewer relations the entity in its middle has; what a fifth of all items share is no path between two items.
// What is related to something that the person dislikes is left out.
// For the Browser:  :param {user: 'User/ann', k: 10}
// $user    key of the person's node
// $k       how many items
// returns  item: key; title; score: strength of the paths, and popularity; paths: up to three, the strongest first
MATCH (user:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(liked:KGEntity)
WHERE interest.polarity > 0
WITH user, interest, liked, COUNT { (:KGItem) } AS items
CALL (liked, items) {
  // what was asked for is related to the item
  MATCH (liked)-[relation]-(item:KGItem)
  WHERE NOT liked:KGItem AND type(relation) <> 'KG_SPEAKS_FOR'
  RETURN DISTINCT item, liked AS middle, liked.kgName AS path, 1.0 AS share
  UNION
  // an item that was named has something in common with it
  MATCH (liked:KGItem)-[relation]-(middle:KGEntity)
  WHERE type(relation) <> 'KG_SPEAKS_FOR' AND middle.kgEmbedding IS NOT NULL AND NOT middle:KGItem
    AND COUNT { (middle)--() } - COUNT { (middle)-[:KG_SPEAKS_FOR]-() } <= 10 + 0.2 * items
  WITH DISTINCT liked, middle
  MATCH (middle)-[relation]-(item:KGItem)
  WHERE type(relation) <> 'KG_SPEAKS_FOR' AND item <> liked
  RETURN DISTINCT item, middle, liked.kgName + ' – ' + middle.kgName AS path, 0.2 AS share
  UNION
  // an item that was named is similar to it
  MATCH (liked:KGItem)-[similar:SIMILAR_TO {by: 'kg-rec'}]->(item:KGItem)
  RETURN item, item AS middle, liked.kgName + ' is similar' AS path, similar.score AS share
}
WITH user, item, path, interest.score * share
       * log(2.0 + items / (1.0 + COUNT { (middle)--() } - COUNT { (middle)-[:KG_SPEAKS_FOR]-() })) AS strength
ORDER BY strength DESC
WITH user, item, sum(strength) AS strength, collect(path) AS paths
WHERE NOT EXISTS { (user)--(item) }
  AND NOT EXISTS {
    MATCH (user)-[no:INTERESTED_IN {by: 'kg-rec'}]->(disliked:KGEntity)-[relation]-(item)
    WHERE no.polarity < 0 AND NOT relation:KG_SPEAKS_FOR AND coalesce(relation.by, '') <> 'kg-rec'
  }
RETURN item.key AS item, item.kgName AS title, round(strength + coalesce(item.kgPopularity, 0.0), 3) AS score,
       paths[..3] AS paths
ORDER BY score DESC, item
LIMIT toInteger($k)
