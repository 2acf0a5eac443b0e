// How far a file of events was read.
// $feed    what the file is known by: the hash of its first line
// returns  offset: bytes; lines: how many these are; digest: their hash; nothing where none of it was read
MATCH (feed:KGFeed {id: $feed})
RETURN feed.offset AS offset, feed.lines AS lines, feed.digest AS digest
