-- When a room was last made open. Set for good: sharing a room that anybody could once enter proves no acquaintance.
ALTER TABLE rooms ADD COLUMN opened_at TIMESTAMP;
