CREATE UNIQUE INDEX rooms_name_key ON rooms (name_key);
