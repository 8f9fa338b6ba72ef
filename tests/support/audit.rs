//! Audit: each acknowledged message is stored once, nothing else is stored, and each room's `seq` is 1…n.

use super::load_generator::Record;
use super::{LOBBY, Person, Teahouse};

impl Teahouse {
    /// Compares the record of the senders with the stored messages, as users and admins see them. Prints the figures
    /// and returns the number of stored messages.
    pub async fn audit(&self, record: &Record, reader: &Person) -> usize {
        let history = reader.whole_history(LOBBY).await;
        let mut acked = record.acked.clone();
        for (n, message) in history.iter().enumerate() {
            let seq = message["seq"].as_u64();
            assert_eq!(seq, Some(n as u64 + 1), "seq has no gaps");
            let id = message["clientId"].as_str().expect("clientId");
            let sent = record.sent.get(id).map(String::as_str);
            assert_eq!(sent, message["content"].as_str(), "not sent: {message}");
            if let Some(told) = acked.remove(id) {
                assert_eq!(Some(told), seq, "the seq that was acknowledged");
            }
        }
        let lost = acked.len();
        assert_eq!(lost, 0, "{lost} acknowledged messages are lost");
        self.audit_rooms();
        let stored = format!("SELECT COUNT(*) AS value FROM messages WHERE room_id = {LOBBY}");
        assert_eq!(self.number(&stored), history.len() as i64);
        println!("{record}; {} stored", history.len());
        history.len()
    }

    /// Asserts that each room's messages are 1…n, that `last_seq` is n, and that client ids are unique per sender.
    pub fn audit_rooms(&self) {
        let database = self.database();
        let uneven = database.strings(
            "SELECT CONCAT(rooms.id, ': ', rooms.last_seq, ' but ', COUNT(messages.seq), ' up to ', \
             COALESCE(MAX(messages.seq), 0)) AS value \
             FROM rooms LEFT JOIN messages ON messages.room_id = rooms.id GROUP BY rooms.id, rooms.last_seq \
             HAVING rooms.last_seq <> COUNT(messages.seq) OR rooms.last_seq <> COALESCE(MAX(messages.seq), 0)",
        );
        assert!(uneven.is_empty(), "rooms with gaps: {uneven:?}");
        let twice = database.number(
            "SELECT COUNT(*) AS value FROM (SELECT user_id FROM messages GROUP BY user_id, client_id \
             HAVING COUNT(*) > 1) AS doubled",
        );
        assert_eq!(twice, 0, "duplicate messages");
    }
}
