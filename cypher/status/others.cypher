// How many nodes are no entities; what kg-rec published of its model does not count.
// returns  others: number of nodes
RETURN COUNT { () } - COUNT { (:KGEntity) } - COUNT { (:KGModel) } AS others
