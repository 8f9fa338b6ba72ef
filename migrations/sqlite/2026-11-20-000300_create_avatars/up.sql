-- People's pictures, as they are shown: in the database, so that every server on it has them. `hash` is the content's.
CREATE TABLE avatars (
  hash TEXT PRIMARY KEY NOT NULL,
  picture BLOB NOT NULL,
  created_at TIMESTAMP NOT NULL
);
CREATE INDEX users_by_avatar ON users (avatar);
