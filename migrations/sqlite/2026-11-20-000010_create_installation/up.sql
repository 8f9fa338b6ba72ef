-- One row: which database this is, and the counter from which every message change takes its number.
CREATE TABLE installation (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  epoch TEXT NOT NULL,
  counter BIGINT NOT NULL
);

INSERT INTO installation (id, epoch, counter) VALUES (1, lower(hex(randomblob(16))), 0);
