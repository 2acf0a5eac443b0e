// How many nodes are no entities; what kg-rec wrote for itself does not count.
// returns  others: number of nodes
RETURN COUNT { () } - COUNT { (:KGEntity) } - COUNT { (:KGModel) } - COUNT { (:KGWrite) }
         - COUNT { (:KGEvent) } - COUNT { (:KGFeed) } AS others
