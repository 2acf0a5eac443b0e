// Drop the constraint that adopting made.
// returns  nothing
DROP CONSTRAINT kgAdoptedKey IF EXISTS
