-- Released usernames, reserved for the previous owner until a time. Stores only a hash of the username key.
CREATE TABLE reserved_usernames (
  key_hash TEXT NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  reserved_until TIMESTAMP NOT NULL
) WITHOUT ROWID;

CREATE INDEX reserved_usernames_by_user ON reserved_usernames (user_id);
CREATE INDEX reserved_usernames_by_time ON reserved_usernames (reserved_until);
