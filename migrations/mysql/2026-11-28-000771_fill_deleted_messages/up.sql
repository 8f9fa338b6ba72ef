-- Every deletion leaves a row in message_versions, which is much smaller than messages.
INSERT IGNORE INTO deleted_messages (room_id, seq, user_id)
SELECT m.room_id, m.seq, m.user_id
FROM (SELECT DISTINCT room_id, seq FROM message_versions) v
STRAIGHT_JOIN messages m ON m.room_id = v.room_id AND m.seq = v.seq
WHERE m.deleted_at IS NOT NULL;
