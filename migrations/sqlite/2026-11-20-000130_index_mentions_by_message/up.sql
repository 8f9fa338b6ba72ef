CREATE INDEX mentions_by_message ON mentions (room_id, seq);
