-- Verification codes sent to a phone number, each bound to the requesting browser, with the registration's data until the
-- code is entered. Stores only hashes of browser and code.
CREATE TABLE verifications (
  browser_hash TEXT PRIMARY KEY NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('registration', 'password', 'phone')),
  phone TEXT NOT NULL,
  code_hash TEXT NOT NULL,
  tries INTEGER NOT NULL,
  user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
  username TEXT,
  password_hash TEXT,
  invite TEXT,
  may_be_first BOOLEAN NOT NULL,
  expires_at TIMESTAMP NOT NULL
);

CREATE INDEX verifications_by_expiry ON verifications (expires_at);
