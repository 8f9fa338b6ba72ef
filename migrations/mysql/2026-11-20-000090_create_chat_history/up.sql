-- A transcript of all rooms for admins. Times are UTC, in milliseconds.
CREATE VIEW chat_history AS
SELECT
  messages.id AS message_id,
  rooms.id AS room_id,
  rooms.name AS room_name,
  rooms.kind AS room_kind,
  messages.seq AS seq,
  users.id AS sender_id,
  users.username AS sender_username,
  users.phone AS sender_phone,
  messages.content AS content,
  messages.created_at AS sent_at,
  messages.edited_at AS edited_at,
  messages.deleted_at AS deleted_at
FROM messages
JOIN rooms ON rooms.id = messages.room_id
JOIN users ON users.id = messages.user_id;
