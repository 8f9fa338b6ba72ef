CREATE TABLE users (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  phone VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL UNIQUE,
  username VARCHAR(64) NOT NULL,
  username_key VARCHAR(128) NOT NULL UNIQUE,
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
  role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
  status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'banned', 'deactivated')),
  locale VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  avatar VARCHAR(255) NULL,
  github_id BIGINT NULL UNIQUE,
  created_at DATETIME(3) NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
