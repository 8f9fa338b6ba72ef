-- Verification codes sent to a phone number, each bound to the requesting browser, with the registration's data until the
-- code is entered. Stores only hashes of browser and code.
CREATE TABLE verifications (
  browser_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  purpose VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (purpose IN ('registration', 'password', 'phone')),
  phone VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  code_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  tries INT NOT NULL,
  user_id BIGINT NULL,
  username VARCHAR(64) NULL,
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL,
  invite VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NULL,
  may_be_first BOOLEAN NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  INDEX verifications_by_expiry (expires_at),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
