// A person's interests: those they set first, then the strongest.
// $user    key of the person's node, as "User/ann"
// $titles  {label: property}   the property that entities are called by; labels as keys begin with them
// returns  attached: whether the node was made for the person, rather than loaded; interests: [{entity, name, score,
//          polarity, evidence, source, encoder, inferredAt}]; nothing where there is no such person
MATCH (user:KGEntity {key: $user})
RETURN user:KGPerson AS attached, COLLECT {
  MATCH (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
  WHERE entity.key IS NOT NULL
  RETURN {
    entity: entity.key, name: toStringOrNull(entity[$titles[split(entity.key, '/')[0]]]),
    score: interest.score, polarity: interest.polarity, evidence: interest.evidence, source: interest.source,
    encoder: interest.encoder, inferredAt: toString(interest.inferredAt)
  }
  ORDER BY interest.source = 'person' DESC, interest.score DESC, entity.key
} AS interests
