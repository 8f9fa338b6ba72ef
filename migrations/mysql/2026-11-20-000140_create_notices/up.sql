-- What changed beside messages, for other servers on this database: where to look, not what to find there.
CREATE TABLE notices (
  change_id BIGINT NOT NULL,
  place BIGINT NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (kind IN ('membership', 'room', 'sessions')),
  room_id BIGINT NULL,
  user_id BIGINT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (change_id, place)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
