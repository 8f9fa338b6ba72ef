-- Number of changes of usernames and avatars; part of the validator of cached pages.
ALTER TABLE installation ADD COLUMN people BIGINT NOT NULL DEFAULT 0;
