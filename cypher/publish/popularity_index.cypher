// Index the popularity of the items.
// returns  nothing
CREATE INDEX kgPopularity IF NOT EXISTS
FOR (item:KGItem) ON (item.kgPopularity)
