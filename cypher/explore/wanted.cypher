// What do people with interests want most, and what do they dislike?
// Of everybody who has interests.
// $titles  {label: property} that entities are called by
// $limit   at most so many
// :param titles => ({});
// :param limit => 25;
// returns  entity: its name; key; wanted, disliked: by how many people; score: mean, negative for dislikes; example: words
//          of one of them
MATCH (:KGEntity)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
WITH entity, count(CASE WHEN interest.polarity > 0 THEN 1 END) AS wanted,
     count(CASE WHEN interest.polarity < 0 THEN 1 END) AS disliked, avg(interest.score * interest.polarity) AS score,
     head(collect(interest.evidence)) AS example
RETURN coalesce(entity[$titles[split(entity.key, '/')[0]]], entity.key) AS entity, entity.key AS key, wanted, disliked,
       round(score, 2) AS score, example
ORDER BY wanted + disliked DESC, key
LIMIT toInteger($limit)
