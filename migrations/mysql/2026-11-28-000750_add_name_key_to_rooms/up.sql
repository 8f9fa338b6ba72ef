-- The normalized name by which open rooms are unique; null for other rooms. The server fills it in at start.
ALTER TABLE rooms ADD COLUMN name_key VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
