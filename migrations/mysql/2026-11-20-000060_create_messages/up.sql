-- The primary key stores each room's messages together, in reading order.
CREATE TABLE messages (
  room_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  ver BIGINT NOT NULL,
  id BIGINT NOT NULL,
  change_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  client_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sent_hash BINARY(32) NOT NULL,
  content TEXT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  edited_at DATETIME(3) NULL,
  deleted_at DATETIME(3) NULL,
  PRIMARY KEY (room_id, seq),
  UNIQUE INDEX messages_by_ver (room_id, ver),
  UNIQUE INDEX messages_by_id (id),
  UNIQUE INDEX messages_by_client_id (user_id, client_id),
  INDEX messages_by_change (change_id),
  FOREIGN KEY (room_id) REFERENCES rooms (id),
  FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
