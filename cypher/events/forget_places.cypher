// Forget how far the files of events were read.
// returns  forgotten: of how many
MATCH (feed:KGFeed)
DELETE feed
RETURN count(*) AS forgotten
