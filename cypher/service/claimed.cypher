// Whether a write was done.
// $id       hash of the key that the client gave
// $content  hash of what is written
// returns   same: whether what was written with the key is the same; nothing where nothing was
MATCH (write:KGWrite {id: $id})
RETURN write.content = $content AS same
