-- How many messages after read_seq the member wrote.
ALTER TABLE memberships ADD COLUMN own_unread BIGINT NOT NULL DEFAULT 0;
