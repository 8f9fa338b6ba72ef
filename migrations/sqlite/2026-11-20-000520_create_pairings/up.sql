-- Links with which a session signs in another device, at most one per session, and the browser that opened the link. Stores
-- only hashes of link and browser.
CREATE TABLE pairings (
  session_hash TEXT PRIMARY KEY NOT NULL,
  id TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('open', 'asked', 'allowed', 'refused', 'used')),
  browser_hash TEXT,
  code TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  ip TEXT NOT NULL,
  expires_at TIMESTAMP NOT NULL
);

CREATE INDEX pairings_by_expiry ON pairings (expires_at);
