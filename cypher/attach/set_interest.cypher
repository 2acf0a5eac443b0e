// Set an interest of a person as they said it themselves. It replaces what was inferred about the same entity.
// $user      key of the person's node, as "User/ann"
// $entity    key of the entity, as "Genre/Horror"
// $polarity  number: 1 liked, -1 disliked
// $score     number: how much, above 0, at most 1
// returns    interests: how many were set, 0 where the person or the entity is not there
MATCH (user:KGEntity {key: $user})
WITH user, $entity AS key
MATCH (entity:KGEntity {key: key})
MERGE (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity)
SET interest = {
  by: 'kg-rec', score: $score, polarity: $polarity, evidence: [], source: 'person', inferredAt: datetime()
}
RETURN count(interest) AS interests
