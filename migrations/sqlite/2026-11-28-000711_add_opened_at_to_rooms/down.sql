ALTER TABLE rooms DROP COLUMN opened_at;
