DROP INDEX users_by_avatar ON users;
DROP TABLE avatars;
