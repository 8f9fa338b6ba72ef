ALTER TABLE users DROP COLUMN github_login;
