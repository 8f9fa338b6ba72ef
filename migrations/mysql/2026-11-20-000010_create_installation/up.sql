-- One row: which database this is, and the counter from which every message change takes its number.
CREATE TABLE installation (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  counter BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO installation (id, epoch, counter) VALUES (1, REPLACE(UUID(), '-', ''), 0);
