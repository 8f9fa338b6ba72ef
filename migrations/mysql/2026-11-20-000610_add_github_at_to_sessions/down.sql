ALTER TABLE sessions DROP COLUMN github_at;
