// Take away everybody who was attached, and their interests, in transactions of their own. Who has got other relations since
// belongs to the graph, and stays.
// returns  nothing
MATCH (person:KGPerson)
CALL (person) {
  WITH person, EXISTS { (person)-[other]-() WHERE coalesce(other.by, '') <> 'kg-rec' } AS kept
  CALL (person) {
    MATCH (person)-[interest:INTERESTED_IN {by: 'kg-rec'}]->()
    DELETE interest
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
