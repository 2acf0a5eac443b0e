// Drop the constraint that keeps two claims of one write apart.
// returns  nothing
DROP CONSTRAINT kg_write IF EXISTS
