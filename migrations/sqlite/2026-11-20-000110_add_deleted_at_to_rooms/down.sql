ALTER TABLE rooms DROP COLUMN deleted_at;
