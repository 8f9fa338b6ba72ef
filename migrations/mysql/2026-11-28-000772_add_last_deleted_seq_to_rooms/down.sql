ALTER TABLE rooms DROP COLUMN last_deleted_seq;
