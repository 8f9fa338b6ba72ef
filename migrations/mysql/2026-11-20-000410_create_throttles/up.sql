-- Counters of recent attempts. The key is an HMAC of what is counted (account, address) with the installation's secret, so
-- it reveals no phone number or address.
CREATE TABLE throttles (
  key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  tries INT NOT NULL,
  ends_at DATETIME(3) NOT NULL,
  open_at DATETIME(3) NOT NULL,
  INDEX throttles_by_end (ends_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
