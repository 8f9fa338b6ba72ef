DROP TABLE deleted_messages;
