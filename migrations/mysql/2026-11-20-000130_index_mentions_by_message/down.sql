-- MySQL keeps the foreign key's own index instead.
ALTER TABLE mentions ADD INDEX mentions_room (room_id, seq), DROP INDEX mentions_by_message;
