// The people whose interests are in the graph, and who have no vector of their words yet.
// returns  user: key; interests: [{name, evidence}] of what they like, those they set first, then the strongest
MATCH (user:KGEntity)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
WHERE user.kgWish IS NULL AND user.key IS NOT NULL AND interest.polarity > 0
WITH user, interest, entity
ORDER BY interest.source = 'person' DESC, interest.score DESC, entity.key
RETURN user.key AS user, collect({name: entity.kgName, evidence: interest.evidence}) AS interests
