// Which kinds of relation are there, and which carry most?
// One whose targets are few says little about a source; one whose targets have few relations each tells the sources apart. It
// reads the whole graph.
// $limit   at most so many kinds
// :param limit => 50;
// returns  source, type, target: labels as keys begin with them, and type; relations: how many; sources, targets: between how
//          many nodes; degree: relations of a target, in the mean; telling: the mean over the relations of
//          1 - log(relations of the target) / log(sources): 1 where each leads to a target of its own, 0 where all lead to one
MATCH (start:KGEntity)
      -[relation:!KG_SPEAKS_FOR WHERE coalesce(relation.by, '') <> 'kg-rec']->(end:KGEntity)
WITH split(start.key, '/')[0] AS source, type(relation) AS type, split(end.key, '/')[0] AS target, end, count(*) AS degree
WITH source, type, target, count(*) AS targets, sum(degree) AS relations, sum(degree * log(degree)) AS spread
WITH *, COUNT {
  MATCH (start:KGEntity)
  WHERE start.key STARTS WITH source + '/'
    AND EXISTS {
      MATCH (start)-[same:$(type) WHERE coalesce(same.by, '') <> 'kg-rec']->(end:KGEntity)
      WHERE end.key STARTS WITH target + '/'
    }
} AS sources
RETURN source, type, target, relations, sources, targets, round(1.0 * relations / targets, 1) AS degree,
       CASE sources WHEN 1 THEN null ELSE round(1 - spread / relations / log(sources), 2) END AS telling
ORDER BY relations * coalesce(telling, 0) DESC, relations DESC, source, type, target
LIMIT toInteger($limit)
