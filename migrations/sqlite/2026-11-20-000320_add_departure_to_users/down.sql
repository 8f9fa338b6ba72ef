ALTER TABLE users DROP COLUMN erasing;
ALTER TABLE users DROP COLUMN deleted_at;
