CREATE TABLE rooms (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('open', 'closed', 'direct')),
  name TEXT NOT NULL,
  topic TEXT NOT NULL DEFAULT '',
  direct_key TEXT UNIQUE,
  last_seq BIGINT NOT NULL DEFAULT 0,
  last_ver BIGINT NOT NULL DEFAULT 0,
  last_message_at TIMESTAMP,
  created_by BIGINT REFERENCES users (id),
  created_at TIMESTAMP NOT NULL
);

-- The Lobby, of which every user is a member.
INSERT INTO rooms (id, kind, name, created_at) VALUES (1, 'open', 'Lobby', strftime('%Y-%m-%d %H:%M:%f', 'now'));
