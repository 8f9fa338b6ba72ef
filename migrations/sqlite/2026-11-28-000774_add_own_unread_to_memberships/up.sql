-- Number of the member's own messages after read_seq.
ALTER TABLE memberships ADD COLUMN own_unread BIGINT NOT NULL DEFAULT 0;
