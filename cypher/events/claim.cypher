// Claim events, in the transaction that records them, so that none is recorded twice.
// $ids     [hashes of the ids of events], each once, in order: two transactions then never wait for each other
// $day     number of the day since 1970, after which it is known how long the ids have been kept
// returns  new: those that nobody claimed before
UNWIND $ids AS id
MERGE (event:KGEvent {id: id})
ON CREATE SET event.day = $day, event.new = true
WITH event, coalesce(event.new, false) AS new
WHERE new
REMOVE event.new
RETURN collect(event.id) AS new
