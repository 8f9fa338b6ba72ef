-- Counters of recent attempts. The key is an HMAC of what is counted (account, address) with the installation's secret, so
-- it reveals no phone number or address.
CREATE TABLE throttles (
  key_hash TEXT PRIMARY KEY NOT NULL,
  tries INTEGER NOT NULL,
  ends_at TIMESTAMP NOT NULL,
  open_at TIMESTAMP NOT NULL
);

CREATE INDEX throttles_by_end ON throttles (ends_at);
