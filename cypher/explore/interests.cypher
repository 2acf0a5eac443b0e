// What is this person interested in, and which of their words say so?
// $user    key of the person, as "User/ann"
// $titles  {label: property} that entities are called by
// $limit   at most so many interests
// :param user => 'User/demo';
// :param titles => ({});
// :param limit => 50;
// returns  entity: its name; polarity: 1 liked or wanted, -1 disliked; score; evidence: the very words; source: named, near in
//          meaning, or set by the person; since: when it was first inferred; path: person and entity
MATCH path = (:KGEntity {key: $user})-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
RETURN coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS entity, interest.polarity AS polarity,
       round(interest.score, 2) AS score, interest.evidence AS evidence, interest.source AS source,
       interest.inferredAt AS since, path
ORDER BY polarity DESC, score DESC, entity
LIMIT toInteger($limit)
