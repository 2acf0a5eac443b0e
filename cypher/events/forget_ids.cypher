// Forget which events were recorded before a day; one of them would be recorded again if it came again.
// $day     number of the day since 1970
// returns  forgotten: how many
MATCH (event:KGEvent)
WHERE event.day < $day
CALL (event) {
  DELETE event
} IN TRANSACTIONS OF 10000 ROWS
RETURN count(*) AS forgotten
