-- What names of open rooms are compared by; null for other rooms. The program fills it in at its start.
ALTER TABLE rooms ADD COLUMN name_key VARCHAR(700) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
