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
MATCH (user:KGEntity {key: $user})-[interest:INTERESTED_IN]->(wanted:KGEntity)
CALL (user, wanted) {
  MATCH path = (user)-[:INTERESTED_IN]->(wanted)--(:KGEntity {key: $item})
  RETURN path, COUNT { (wanted)--() } AS degree
  UNION
  MATCH path = (user)-[:INTERESTED_IN]->(wanted)--(between:KGEntity)--(:KGEntity {key: $item})
  WHERE NOT between.key STARTS WITH $people AND between <> user
  RETURN path, COUNT { (between)--() } AS degree
}
WITH path, interest, degree, COUNT { (:KGEntity) } AS size
RETURN path, interest.polarity AS polarity, round(interest.score * (1 - log(1 + degree) / log(2 + size)), 2) AS telling
ORDER BY length(path), telling DESC
LIMIT toInteger($limit)
