-- Registration links. The link is derived from the row and the installation's secret, and not stored.
CREATE TABLE invites (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  uses INTEGER NOT NULL,
  max_uses INTEGER NOT NULL,
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP NOT NULL,
  revoked_at TIMESTAMP
);

CREATE INDEX invites_by_user ON invites (user_id);
