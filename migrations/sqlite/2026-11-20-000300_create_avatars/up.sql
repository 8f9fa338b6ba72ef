-- Processed avatars, stored in the database for every server on it. `hash` is the hash of `picture`.
CREATE TABLE avatars (
  hash TEXT PRIMARY KEY NOT NULL,
  picture BLOB NOT NULL,
  created_at TIMESTAMP NOT NULL
);
CREATE INDEX users_by_avatar ON users (avatar);
