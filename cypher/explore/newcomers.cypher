// Who came new, and when?
// People who were attached, the last first, with what was understood of their words.
// $limit   at most so many people
// :param limit => 25;
// returns  person: key; since, last: when the first and the last of their interests was inferred; liked, disliked: how many;
//          words: the evidence, the strongest first
MATCH (person:KGPerson)
OPTIONAL MATCH (person)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity)
WITH person, interest
ORDER BY interest.score DESC, entity.key
RETURN person.key AS person, min(interest.inferredAt) AS since, max(interest.inferredAt) AS last,
       count(CASE WHEN interest.polarity > 0 THEN 1 END) AS liked,
       count(CASE WHEN interest.polarity < 0 THEN 1 END) AS disliked,
       reduce(words = [], evidence IN collect(interest.evidence) | words + evidence) AS words
ORDER BY last DESC, person
LIMIT toInteger($limit)
