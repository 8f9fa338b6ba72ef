-- Released usernames, reserved for the previous owner until a time. Stores only a hash of the username key.
CREATE TABLE reserved_usernames (
  key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user_id BIGINT NOT NULL,
  reserved_until DATETIME(3) NOT NULL,
  INDEX reserved_usernames_by_user (user_id),
  INDEX reserved_usernames_by_time (reserved_until),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
