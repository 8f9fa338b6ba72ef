-- How often something was tried lately. The key is a hash of what is counted (whose, where from), made with the
-- installation's secret, so that no number can be read out of it.
CREATE TABLE throttles (
  key_hash TEXT PRIMARY KEY NOT NULL,
  tries INTEGER NOT NULL,
  ends_at TIMESTAMP NOT NULL,
  open_at TIMESTAMP NOT NULL
);

CREATE INDEX throttles_by_end ON throttles (ends_at);
