-- The primary key stores each room's messages together, in reading order.
CREATE TABLE messages (
  room_id BIGINT NOT NULL REFERENCES rooms (id),
  seq BIGINT NOT NULL,
  ver BIGINT NOT NULL,
  id BIGINT NOT NULL UNIQUE,
  change_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL,
  sent_hash BLOB NOT NULL,
  content TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL,
  edited_at TIMESTAMP,
  deleted_at TIMESTAMP,
  PRIMARY KEY (room_id, seq)
) WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_ver ON messages (room_id, ver);
CREATE UNIQUE INDEX messages_by_client_id ON messages (user_id, client_id);
CREATE INDEX messages_by_change ON messages (change_id);
