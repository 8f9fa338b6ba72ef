-- Browsers that somebody has signed in with before. Only a hash of what the browser keeps is kept here.
CREATE TABLE known_browsers (
  key_hash TEXT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  seen_at TIMESTAMP NOT NULL,
  PRIMARY KEY (key_hash, user_id)
) WITHOUT ROWID;

CREATE INDEX known_browsers_by_user ON known_browsers (user_id);
CREATE INDEX known_browsers_by_time ON known_browsers (seen_at);
