DELETE FROM deleted_messages;
