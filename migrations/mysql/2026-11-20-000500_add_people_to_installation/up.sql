-- How often somebody's name or picture changed: pages that show them are as old as this number.
ALTER TABLE installation ADD COLUMN people BIGINT NOT NULL DEFAULT 0;
