// Take away the interests of people who were in the graph before kg-rec, and what they did since.
// returns  nothing
MATCH (:KGEntity)-[said:INTERESTED_IN|KG_REACTED_TO {by: 'kg-rec'}]->(:KGEntity)
CALL (said) {
  DELETE said
} IN TRANSACTIONS OF 10000 ROWS
