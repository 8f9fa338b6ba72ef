-- Browsers from which a user has signed in before. Stores only a hash of the browser's cookie.
CREATE TABLE known_browsers (
  key_hash TEXT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  seen_at TIMESTAMP NOT NULL,
  PRIMARY KEY (key_hash, user_id)
) WITHOUT ROWID;

CREATE INDEX known_browsers_by_user ON known_browsers (user_id);
CREATE INDEX known_browsers_by_time ON known_browsers (seen_at);
