-- When the user deleted the account, and whether messages remain to be erased. The row stays, because messages refer to it.
ALTER TABLE users ADD COLUMN deleted_at DATETIME(3) NULL;
ALTER TABLE users ADD COLUMN erasing BOOLEAN NOT NULL DEFAULT FALSE;
