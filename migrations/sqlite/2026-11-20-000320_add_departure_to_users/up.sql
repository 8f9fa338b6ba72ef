-- When a person deleted their account, and whether their messages are still to be hidden. The row stays for the messages.
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP;
ALTER TABLE users ADD COLUMN erasing BOOLEAN NOT NULL DEFAULT FALSE;
