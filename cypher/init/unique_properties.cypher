// Which single properties the database itself holds to be unique.
// returns  label, property
SHOW CONSTRAINTS YIELD type, entityType, labelsOrTypes, properties
WHERE entityType = 'NODE' AND type IN ['UNIQUENESS', 'NODE_PROPERTY_UNIQUENESS', 'NODE_KEY']
  AND size(properties) = 1 AND labelsOrTypes <> ['KGEntity']
RETURN labelsOrTypes[0] AS label, properties[0] AS property
