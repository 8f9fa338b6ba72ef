-- Pending invitations to rooms. A declined one stays for a while, so that inviting again has no effect. (Registration links
-- are in `invites`.)
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
