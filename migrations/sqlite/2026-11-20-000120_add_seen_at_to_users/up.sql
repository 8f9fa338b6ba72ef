-- When the last window of a person closed.
ALTER TABLE users ADD COLUMN seen_at TIMESTAMP;
