// Make the key of every adopted node unique. The name says that the nodes were there before kg-rec.
// returns  nothing
CREATE CONSTRAINT kgAdoptedKey IF NOT EXISTS
FOR (entity:KGEntity) REQUIRE entity.key IS UNIQUE
