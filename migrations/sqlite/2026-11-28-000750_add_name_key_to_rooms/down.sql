ALTER TABLE rooms DROP COLUMN name_key;
