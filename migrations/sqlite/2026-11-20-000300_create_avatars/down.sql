DROP INDEX users_by_avatar;
DROP TABLE avatars;
