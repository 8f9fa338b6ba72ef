-- Notices to other servers on this database of changes other than messages: what to read again, not the new state.
CREATE TABLE notices (
  change_id BIGINT NOT NULL,
  place BIGINT NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (kind IN ('membership', 'room', 'sessions')),
  room_id BIGINT NULL,
  user_id BIGINT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (change_id, place)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
