-- A single row: the database's identity, and the counter that numbers every change of a message.
CREATE TABLE installation (
  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  epoch TEXT NOT NULL,
  counter BIGINT NOT NULL
);

INSERT INTO installation (id, epoch, counter) VALUES (1, lower(hex(randomblob(16))), 0);
