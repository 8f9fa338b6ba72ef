-- A single row: the database's identity, and the counter that numbers every change of a message.
CREATE TABLE installation (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  epoch VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  counter BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO installation (id, epoch, counter) VALUES (1, REPLACE(UUID(), '-', ''), 0);
