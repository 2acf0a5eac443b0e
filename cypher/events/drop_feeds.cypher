// Drop the constraint that keeps two places of one file apart.
// returns  nothing
DROP CONSTRAINT kg_feed IF EXISTS
