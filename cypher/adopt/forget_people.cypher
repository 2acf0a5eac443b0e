// Take away everybody who was attached, their interests and what they did, in transactions of their own. Who has got other relations since
// belongs to the graph, and stays.
// returns  nothing
MATCH (person:KGPerson)
CALL (person) {
  WITH person, EXISTS { (person)-[other]-() WHERE coalesce(other.by, '') <> 'kg-rec' } AS kept
  CALL (person) {
    MATCH (person)-[said:INTERESTED_IN|KG_REACTED_TO {by: 'kg-rec'}]->()
    DELETE said
  }
  CALL (person, kept) {
    WITH person, kept WHERE kept
    REMOVE person:KGPerson
  }
  CALL (person, kept) {
    WITH person, kept WHERE NOT kept
    DELETE person
  }
} IN TRANSACTIONS OF 1000 ROWS
