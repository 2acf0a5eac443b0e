// Leave nothing behind of a person who was attached: their interests go, what they did since they came, the vector of their words, and the node
// if it was made for them. A person of the loaded graph stays, with all their interactions.
// $user    key of the person's node, as "User/ann"
// returns  interests: how many were taken away; deleted: whether the node was
MATCH (user:KGEntity {key: $user})
WITH user, COUNT { (user)-[:INTERESTED_IN {by: 'kg-rec'}]->() } AS interests,
     user:KGPerson AND NOT EXISTS { (user)-[other]-() WHERE coalesce(other.by, '') <> 'kg-rec' } AS deleted
CALL (user) {
  MATCH (user)-[said:INTERESTED_IN|KG_REACTED_TO {by: 'kg-rec'}]->()
  DELETE said
}
CALL (user, deleted) {
  WITH user, deleted WHERE deleted
  DELETE user
}
CALL (user, deleted) {
  // Made for the person, and later loaded with interactions of its own: it is the loaded graph's now.
  WITH user, deleted WHERE NOT deleted
  REMOVE user:KGPerson, user.kgWish
}
RETURN interests, deleted
