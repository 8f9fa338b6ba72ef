-- MySQL keeps the foreign key's own index in its place.
ALTER TABLE mentions ADD INDEX mentions_room (room_id, seq), DROP INDEX mentions_by_message;
