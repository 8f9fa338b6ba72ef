-- Number of times that all sessions of the user were ended. A sign-in that began before is rejected.
ALTER TABLE users ADD COLUMN session_epoch BIGINT NOT NULL DEFAULT 0;
