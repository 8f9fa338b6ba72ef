-- The GitHub login of `github_id`, shown to the account's owner. The login may change at GitHub, the id does not.
ALTER TABLE users ADD COLUMN github_login VARCHAR(100) NULL;
