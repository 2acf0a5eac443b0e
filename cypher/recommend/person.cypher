// What a person is recommended by: their interests, what they did since they came, and what they did before.
// $user    key of the person's node, as "User/ann"
// $titles  {label: property}   the property that entities are called by; labels as keys begin with them
// $type    type of the interaction, or any other where there is none
// $weight  property with the rating or the count, or '' where there is none
// $time    property with the time, or '' where there is none
// returns  attached: whether the node was made for the person, rather than loaded; interests, events, interactions: as
//          attach/interests, events/events and recommend/history return them; nothing where there is no such person
MATCH (user:KGEntity {key: $user})
RETURN user:KGPerson AS attached, COLLECT {
  MATCH (user)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(entity:KGEntity)
  WHERE entity.key IS NOT NULL
  RETURN {
    entity: entity.key, name: toStringOrNull(entity[$titles[split(entity.key, '/')[0]]]),
    score: interest.score, polarity: interest.polarity, evidence: interest.evidence, source: interest.source
  }
  ORDER BY interest.source = 'person' DESC, interest.score DESC, entity.key
} AS interests, COLLECT {
  MATCH (user)-[event:KG_REACTED_TO]->(item:KGEntity)
  WHERE item.key IS NOT NULL
  RETURN {item: item.key, kind: event.kind, value: event.value, times: event.times, at: toString(event.at)}
  ORDER BY event.at DESC, item.key, event.kind
} AS events, COLLECT {
  MATCH (user)-[interaction:$($type)]->(item:KGEntity)
  RETURN {item: item.key, weight: interaction[$weight]}
  ORDER BY interaction[$time] DESC, item.key
} AS interactions
