ALTER TABLE users DROP COLUMN reachable_by;
ALTER TABLE users DROP COLUMN time_format;
ALTER TABLE users DROP COLUMN appearance;
