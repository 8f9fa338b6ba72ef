CREATE TABLE memberships (
  room_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  read_seq BIGINT NOT NULL DEFAULT 0,
  involvement VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'mentions' CHECK (involvement IN ('everything', 'mentions', 'nothing', 'hidden')),
  joined_at DATETIME(3) NOT NULL,
  PRIMARY KEY (room_id, user_id),
  INDEX memberships_by_user (user_id),
  FOREIGN KEY (room_id) REFERENCES rooms (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
