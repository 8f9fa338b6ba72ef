-- When GitHub last confirmed the session's user: for a while this replaces the password of users without one.
ALTER TABLE sessions ADD COLUMN github_at DATETIME(3) NULL;
