-- What `github_id` is called at GitHub, to be shown to its owner. It may change there: the number does not.
ALTER TABLE users ADD COLUMN github_login VARCHAR(100) NULL;
