-- The normalized name by which open rooms are unique; null for other rooms. The server fills it in at start.
ALTER TABLE rooms ADD COLUMN name_key TEXT;
