DROP INDEX rooms_name_key ON rooms;
