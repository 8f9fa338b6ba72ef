ALTER TABLE installation DROP COLUMN people;
