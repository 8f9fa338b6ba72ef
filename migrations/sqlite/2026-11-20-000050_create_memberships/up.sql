CREATE TABLE memberships (
  room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  read_seq BIGINT NOT NULL DEFAULT 0,
  involvement TEXT NOT NULL DEFAULT 'mentions' CHECK (involvement IN ('everything', 'mentions', 'nothing', 'hidden')),
  joined_at TIMESTAMP NOT NULL,
  PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;

CREATE INDEX memberships_by_user ON memberships (user_id);
