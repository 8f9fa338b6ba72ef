UPDATE rooms SET last_deleted_seq = (SELECT coalesce(max(seq), 0) FROM deleted_messages WHERE room_id = rooms.id);
