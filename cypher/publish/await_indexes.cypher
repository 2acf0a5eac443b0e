// Wait until the indexes answer.
// returns  nothing
CALL db.awaitIndexes(600)
