-- When the room was last made open; never reset. Members of a room that was once open do not count as acquaintances.
ALTER TABLE rooms ADD COLUMN opened_at TIMESTAMP;
