ALTER TABLE memberships DROP COLUMN own_unread;
