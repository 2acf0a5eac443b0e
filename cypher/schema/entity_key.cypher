// Make the key of every node unique, and with it an index: all other scripts find nodes by it.
// returns  nothing
CREATE CONSTRAINT kgEntityKey IF NOT EXISTS
FOR (entity:KGEntity) REQUIRE entity.key IS UNIQUE
