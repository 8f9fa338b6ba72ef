-- A single scan of a covering index, however many memberships have unread messages.
UPDATE memberships SET own_unread = counted.own
FROM (
  SELECT m.room_id, m.user_id, count(*) AS own
  FROM messages m INDEXED BY messages_by_client_id
  CROSS JOIN memberships b ON b.room_id = m.room_id AND b.user_id = m.user_id
  WHERE m.seq > b.read_seq
  GROUP BY m.user_id, m.room_id
) counted
WHERE memberships.room_id = counted.room_id AND memberships.user_id = counted.user_id;
