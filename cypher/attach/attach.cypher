// Make a person a node of the graph, with the interests that their words show. Interests inferred from earlier words are
// replaced; those that the person set stay, and win over an inferred one in the same entity.
// $user        key of the person's node, as "User/ann"; created where there is none
// $label       the person's label, as "User"
// $properties  {name: value}   properties of a created node, as {userId: "ann"}
// $rows        [{entity, score, polarity, evidence, source, encoder}]   entity: key of the node the words point to
// returns      missing: keys among the rows that are not in the graph
MERGE (user:KGEntity {key: $user})
ON CREATE SET user:KGPerson:$($label), user += $properties
// Takes the lock on a person who was there already: of two who attach at once, one waits.
SET user.key = $user
WITH user
CALL (user) {
  MATCH (user)-[old:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
  WHERE coalesce(old.source, '') <> 'person' AND NOT entity.key IN [row IN $rows | row.entity]
  DELETE old
}
CALL (user) {
  UNWIND $rows AS row
  MATCH (entity:KGEntity {key: row.entity})
  WHERE NOT EXISTS { (user)-[:INTERESTED_IN {by: 'kg-rec', source: 'person'}]->(entity) }
  MERGE (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity)
  // What is known already stays as it is, with the time when it was first inferred.
  WITH interest, row,
       interest {.score, .polarity, .evidence, .source, .encoder} = row {.score, .polarity, .evidence, .source, .encoder}
       AS known
  SET interest.inferredAt = CASE WHEN known THEN interest.inferredAt ELSE datetime() END,
      interest += row {.score, .polarity, .evidence, .source, .encoder}
}
RETURN [row IN $rows WHERE NOT EXISTS { (:KGEntity {key: row.entity}) } | row.entity] AS missing
