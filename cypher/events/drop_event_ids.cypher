// Drop the constraint that keeps two events of one id apart.
// returns  nothing
DROP CONSTRAINT kg_event IF EXISTS
