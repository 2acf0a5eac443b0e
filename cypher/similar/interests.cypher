// What everybody with interests is interested in, a row a person.
// returns  user: key; interests: [[key of the entity, score, negative for a dislike]]
MATCH (user:KGEntity)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
RETURN user.key AS user, collect([entity.key, interest.score * interest.polarity]) AS interests
