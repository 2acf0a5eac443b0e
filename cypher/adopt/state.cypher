// Whether kg-rec loaded this graph or adopted it: by the name of the constraint that each of the two makes.
// returns  name
SHOW CONSTRAINTS YIELD name
WHERE name IN ['kgEntityKey', 'kgAdoptedKey']
RETURN name
