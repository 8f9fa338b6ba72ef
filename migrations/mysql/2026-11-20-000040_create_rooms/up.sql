CREATE TABLE rooms (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (kind IN ('open', 'closed', 'direct')),
  name VARCHAR(200) NOT NULL,
  topic VARCHAR(1000) NOT NULL DEFAULT '',
  direct_key VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NULL UNIQUE,
  last_seq BIGINT NOT NULL DEFAULT 0,
  last_ver BIGINT NOT NULL DEFAULT 0,
  last_message_at DATETIME(3) NULL,
  created_by BIGINT NULL,
  created_at DATETIME(3) NOT NULL,
  FOREIGN KEY (created_by) REFERENCES users (id)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- The Lobby, of which every user is a member.
INSERT INTO rooms (id, kind, name, created_at) VALUES (1, 'open', 'Lobby', UTC_TIMESTAMP(3));
