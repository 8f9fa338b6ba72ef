-- How often all sessions of a person were ended at once: who signs in meanwhile is not let in by what was true before.
ALTER TABLE users ADD COLUMN session_epoch BIGINT NOT NULL DEFAULT 0;
