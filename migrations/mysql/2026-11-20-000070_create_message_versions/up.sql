-- Texts replaced by edits and deletions.
CREATE TABLE message_versions (
  room_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  ver BIGINT NOT NULL,
  content TEXT NOT NULL,
  replaced_at DATETIME(3) NOT NULL,
  PRIMARY KEY (room_id, seq, ver),
  FOREIGN KEY (room_id, seq) REFERENCES messages (room_id, seq) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
