// Recommend the items that most paths lead to from what a person likes, with these paths in words (kg-rec publish). A path is
// the stronger the fewer relations the entity in its middle has.
// For the Browser:  :param {user: 'User/ann', k: 10}
// $user    key of the person's node
// $k       how many items
// returns  item: key; title; score: strength of the paths, and popularity; paths: up to three, the strongest first
MATCH (user:KGEntity {key: $user})-[interest:INTERESTED_IN]->(liked:KGEntity)
WHERE interest.polarity > 0
WITH user, interest, liked
CALL (liked) {
  // what was asked for is related to the item
  MATCH (liked)-[relation]-(item:KGItem)
  WHERE NOT liked:KGItem AND type(relation) <> 'KG_SPEAKS_FOR'
  RETURN DISTINCT item, liked AS middle, liked.kgName AS path, 2.0 AS share
  UNION
  // an item that was named has something in common with it
  MATCH (liked:KGItem)-[one]-(middle:KGEntity)-[other]-(item:KGItem)
  WHERE middle.kgEmbedding IS NOT NULL AND NOT middle:KGItem AND item <> liked
    AND type(one) <> 'KG_SPEAKS_FOR' AND type(other) <> 'KG_SPEAKS_FOR'
  RETURN DISTINCT item, middle, liked.kgName + ' – ' + middle.kgName AS path, 0.5 AS share
  UNION
  // an item that was named is similar to it
  MATCH (liked:KGItem)-[similar:SIMILAR_TO {by: 'kg-rec'}]->(item:KGItem)
  RETURN item, item AS middle, liked.kgName + ' is similar' AS path, 4.0 * similar.score AS share
}
WITH user, item, path, interest.score * share
       * log(2.0 + COUNT { (:KGItem) } / (1.0 + COUNT { (middle)--() } - COUNT { (middle)-[:KG_SPEAKS_FOR]-() })) AS strength
ORDER BY strength DESC
WITH user, item, sum(strength) AS strength, collect(path) AS paths
WHERE NOT EXISTS { (user)--(item) }
RETURN item.key AS item, item.kgName AS title, round(strength + coalesce(item.kgPopularity, 0.0), 3) AS score,
       paths[..3] AS paths
ORDER BY score DESC, item
LIMIT toInteger($k)
