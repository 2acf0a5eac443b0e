// See to it that a write is claimed once: of two that come with one key at once, one waits for the other.
// returns  nothing
CREATE CONSTRAINT kg_write IF NOT EXISTS FOR (write:KGWrite) REQUIRE write.id IS UNIQUE
