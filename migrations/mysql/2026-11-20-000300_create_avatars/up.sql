-- Processed avatars, stored in the database for every server on it. `hash` is the hash of `picture`.
CREATE TABLE avatars (
  hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  picture MEDIUMBLOB NOT NULL,
  created_at DATETIME(3) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX users_by_avatar ON users (avatar);
