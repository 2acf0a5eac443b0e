// How many nodes are no entities.
// returns  others: number of nodes
RETURN COUNT { () } - COUNT { (:KGEntity) } AS others
