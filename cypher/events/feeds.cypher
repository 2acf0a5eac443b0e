// See to it that there is one place for each file of events.
// returns  nothing
CREATE CONSTRAINT kg_feed IF NOT EXISTS FOR (feed:KGFeed) REQUIRE feed.id IS UNIQUE
