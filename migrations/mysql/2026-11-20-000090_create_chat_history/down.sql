DROP VIEW chat_history;
