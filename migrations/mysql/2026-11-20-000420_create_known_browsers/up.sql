-- Browsers from which a user has signed in before. Stores only a hash of the browser's cookie.
CREATE TABLE known_browsers (
  key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT NOT NULL,
  seen_at DATETIME(3) NOT NULL,
  PRIMARY KEY (key_hash, user_id),
  INDEX known_browsers_by_user (user_id),
  INDEX known_browsers_by_time (seen_at),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
