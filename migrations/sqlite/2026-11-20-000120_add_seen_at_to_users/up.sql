-- When the user's last connection closed.
ALTER TABLE users ADD COLUMN seen_at TIMESTAMP;
