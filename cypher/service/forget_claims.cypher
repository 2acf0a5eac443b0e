// Forget which writes were done before a moment.
// $before  seconds since 1970
// returns  forgotten: how many
MATCH (write:KGWrite)
WHERE write.at.epochSeconds < $before
CALL (write) {
  DELETE write
} IN TRANSACTIONS OF 10000 ROWS
RETURN count(*) AS forgotten
