-- When GitHub last said whose session this is: for a while that stands for the password of somebody who has none.
ALTER TABLE sessions ADD COLUMN github_at DATETIME(3) NULL;
