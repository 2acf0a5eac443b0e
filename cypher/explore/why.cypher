// Why this item for this person?
// The paths from their interests, likes and dislikes, to the item: the short ones first, and of those the ones through what
// few entities are related to.
// $user    key of the person, as "User/ann"
// $item    key of the item, as "Book/4711"
// $people  beginning of the keys of people, as "User/"; no path leads through another person
// $limit   at most so many paths
// :param user => 'User/demo';
// :param item => 'Film/her';
// :param people => 'User/';
// :param limit => 12;
// returns  path; polarity: 1 speaks for the item, -1 against it; telling: score of the interest, less where what comes last
//          before the item has many relations
MATCH (user:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(wanted:KGEntity)
CALL (user, wanted) {
  MATCH path = (user)-[:INTERESTED_IN {by: 'kg-rec'}]->(wanted)
               -[has:!KG_SPEAKS_FOR WHERE coalesce(has.by, '') <> 'kg-rec']-(:KGEntity {key: $item})
  RETURN path, wanted AS last
  UNION
  MATCH path = (user)-[:INTERESTED_IN {by: 'kg-rec'}]->(wanted)
               -[one:!KG_SPEAKS_FOR WHERE coalesce(one.by, '') <> 'kg-rec']-(between:KGEntity)
               -[other:!KG_SPEAKS_FOR WHERE coalesce(other.by, '') <> 'kg-rec']-
               (:KGEntity {key: $item})
  WHERE NOT between.key STARTS WITH $people AND between <> user
  RETURN path, between AS last
}
WITH path, interest,
     COUNT { (last)-[any:!KG_SPEAKS_FOR WHERE coalesce(any.by, '') <> 'kg-rec']-() } AS degree,
     COUNT { (:KGEntity) } AS size
RETURN path, interest.polarity AS polarity, round(interest.score * (1 - log(1 + degree) / log(2 + size)), 2) AS telling
ORDER BY length(path), telling DESC, [node IN nodes(path) | node.key]
LIMIT toInteger($limit)
