-- Display preferences, and who may start a direct conversation. (`locale` exists already.)
ALTER TABLE users ADD COLUMN appearance VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'system' CHECK (appearance IN ('system', 'light', 'dark'));
ALTER TABLE users ADD COLUMN time_format VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'language' CHECK (time_format IN ('language', '12', '24'));
ALTER TABLE users ADD COLUMN reachable_by VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'everybody' CHECK (reachable_by IN ('everybody', 'roommates', 'nobody'));
