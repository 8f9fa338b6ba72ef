DROP INDEX mentions_by_message;
