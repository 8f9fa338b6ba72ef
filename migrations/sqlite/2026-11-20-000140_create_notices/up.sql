-- Notices to other servers on this database of changes other than messages: what to read again, not the new state.
CREATE TABLE notices (
  change_id BIGINT NOT NULL,
  place BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('membership', 'room', 'sessions')),
  room_id BIGINT,
  user_id BIGINT,
  created_at TIMESTAMP NOT NULL,
  PRIMARY KEY (change_id, place)
) WITHOUT ROWID;
