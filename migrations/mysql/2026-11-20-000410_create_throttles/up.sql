-- How often something was tried lately. The key is a hash of what is counted (whose, where from), made with the
-- installation's secret, so that no number can be read out of it.
CREATE TABLE throttles (
  key_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  tries INT NOT NULL,
  ends_at DATETIME(3) NOT NULL,
  open_at DATETIME(3) NOT NULL,
  INDEX throttles_by_end (ends_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
