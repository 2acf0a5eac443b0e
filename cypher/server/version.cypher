// The server's version, which also shows that the database takes queries.
// returns  version: as "5.26.30"; edition: "community" or "enterprise"
CALL dbms.components() YIELD name, versions, edition
WHERE name = "Neo4j Kernel"
RETURN versions[0] AS version, edition
