// Take the index of the popularity away.
// returns  nothing
DROP INDEX kgPopularity IF EXISTS
