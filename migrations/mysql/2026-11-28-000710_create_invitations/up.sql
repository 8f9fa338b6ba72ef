-- Pending invitations to rooms. A declined one stays for a while, so that inviting again has no effect. (Registration links
-- are in `invites`.)
CREATE TABLE invitations (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  room_id BIGINT NOT NULL,
  inviter_id BIGINT NOT NULL,
  invitee_id BIGINT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  declined_at DATETIME(3) NULL,
  UNIQUE INDEX invitations_of_person (invitee_id, room_id, inviter_id),
  INDEX invitations_by_room (room_id),
  INDEX invitations_by_inviter (inviter_id),
  FOREIGN KEY (room_id) REFERENCES rooms (id) ON DELETE CASCADE,
  FOREIGN KEY (inviter_id) REFERENCES users (id) ON DELETE CASCADE,
  FOREIGN KEY (invitee_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
