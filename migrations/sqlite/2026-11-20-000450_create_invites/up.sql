-- Links by which people may register. The link itself is made from the row and the installation's secret, and not kept.
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
