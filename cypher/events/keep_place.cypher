// Keep how far a file of events was read, in the transaction that records what was read.
// $feed    what the file is known by: the hash of its first line
// $offset  number of bytes
// $lines   how many lines these are
// $digest  their hash
// returns  nothing
MERGE (feed:KGFeed {id: $feed})
SET feed.offset = $offset, feed.lines = $lines, feed.digest = $digest, feed.at = datetime()
