-- Invitations into rooms that wait for the invited person's answer. A declined one stays for a while, so that asking
-- again changes nothing. (Links by which people register are in `invites`.)
CREATE TABLE invitations (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
  inviter_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  invitee_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at TIMESTAMP NOT NULL,
  declined_at TIMESTAMP,
  UNIQUE (invitee_id, room_id, inviter_id)
);

CREATE INDEX invitations_by_room ON invitations (room_id);
CREATE INDEX invitations_by_inviter ON invitations (inviter_id);
