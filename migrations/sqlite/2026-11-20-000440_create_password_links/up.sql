-- Single-use links for setting a new password. Stores only a hash of the link.
CREATE TABLE password_links (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at TIMESTAMP NOT NULL
);

CREATE INDEX password_links_by_user ON password_links (user_id);
