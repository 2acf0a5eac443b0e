// Claim a write, in the transaction that does it, so that the same one is not done twice.
// $id       hash of the key that the client gave
// $content  hash of what is written
// returns   new: whether nobody claimed it before; same: whether what was written then is the same
MERGE (write:KGWrite {id: $id})
ON CREATE SET write.content = $content, write.at = datetime(), write.new = true
WITH write, coalesce(write.new, false) AS new
REMOVE write.new
RETURN new, write.content = $content AS same
