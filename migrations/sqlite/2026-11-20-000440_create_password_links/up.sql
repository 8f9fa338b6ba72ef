-- Links that let somebody set a new password, once. Of the link only a hash is kept.
CREATE TABLE password_links (
  token_hash TEXT PRIMARY KEY NOT NULL,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at TIMESTAMP NOT NULL
);

CREATE INDEX password_links_by_user ON password_links (user_id);
