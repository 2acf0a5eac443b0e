// Take the vectors of their words off the people.
// returns  removed: from how many
MATCH (user:KGEntity)
WHERE user.kgWish IS NOT NULL
CALL (user) {
  REMOVE user.kgWish
} IN TRANSACTIONS OF 2000 ROWS
RETURN count(*) AS removed
