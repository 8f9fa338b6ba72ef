-- Display preferences, and who may start a direct conversation. (`locale` exists already.)
ALTER TABLE users ADD COLUMN appearance TEXT NOT NULL DEFAULT 'system' CHECK (appearance IN ('system', 'light', 'dark'));
ALTER TABLE users ADD COLUMN time_format TEXT NOT NULL DEFAULT 'language' CHECK (time_format IN ('language', '12', '24'));
ALTER TABLE users ADD COLUMN reachable_by TEXT NOT NULL DEFAULT 'everybody' CHECK (reachable_by IN ('everybody', 'roommates', 'nobody'));
