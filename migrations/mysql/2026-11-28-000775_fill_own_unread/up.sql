-- A single scan of a covering index, however many memberships have unread messages.
UPDATE memberships
JOIN (
  SELECT m.room_id, m.user_id, count(*) AS own
  FROM messages m FORCE INDEX (messages_by_client_id)
  STRAIGHT_JOIN memberships b ON b.room_id = m.room_id AND b.user_id = m.user_id
  WHERE m.seq > b.read_seq
  GROUP BY m.user_id, m.room_id
) counted ON memberships.room_id = counted.room_id AND memberships.user_id = counted.user_id
SET memberships.own_unread = counted.own;
