-- A deleted room keeps its messages for admins.
ALTER TABLE rooms ADD COLUMN deleted_at TIMESTAMP;
