// See to it that an event is recorded once: of two that come with one id at once, one waits for the other.
// returns  nothing
CREATE CONSTRAINT kg_event IF NOT EXISTS FOR (event:KGEvent) REQUIRE event.id IS UNIQUE
