CREATE TABLE mentions (
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  room_id BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (user_id, room_id, seq),
  FOREIGN KEY (room_id, seq) REFERENCES messages (room_id, seq) ON DELETE CASCADE
) WITHOUT ROWID;
