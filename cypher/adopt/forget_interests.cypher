// Take away the interests of people who were in the graph before kg-rec.
// returns  nothing
MATCH (:KGEntity)-[interest:INTERESTED_IN {by: 'kg-rec'}]->(:KGEntity)
CALL (interest) {
  DELETE interest
} IN TRANSACTIONS OF 10000 ROWS
