//! Gaps, duplicates, lost connections and late counts.

use serde_json::json;

use super::*;
use crate::frames::ReadPosition;

fn room(kind: &str, ver: i64) -> Room {
    let room = json!({"id": "7", "kind": kind, "name": "tea", "seq": ver, "ver": ver});
    serde_json::from_value(room).expect("a room")
}

fn me() -> User {
    User {
        id: "1".to_owned(),
        username: "lin".to_owned(),
    }
}

fn received(seq: i64, ver: i64) -> Received {
    let message = json!({
        "roomId": "7", "seq": seq, "ver": ver, "clientId": "", "content": "",
        "user": {"id": "2", "username": "mei"}, "createdAt": "",
        "editedAt": (seq != ver).then_some("now"),
    });
    let message = serde_json::from_value(message).expect("a message");
    let frame = String::new();
    Received { message, frame }
}

fn begin(ver: i64) -> RoomTable {
    let mut rooms = RoomTable::default();
    assert!(
        rooms
            .hello(me(), "a".to_owned(), vec![room("open", ver)])
            .is_empty()
    );
    rooms
}

fn shown(changes: &[(Received, Change)]) -> Vec<(i64, Change)> {
    changes
        .iter()
        .map(|(received, change)| (received.message.seq, *change))
        .collect()
}

#[test]
fn gap_is_requested_and_duplicates_are_dropped() {
    let mut rooms = begin(3);
    assert!(matches!(rooms.receive(received(3, 3)), Action::Nothing));
    assert!(matches!(
        rooms.receive(received(4, 4)),
        Action::Show(_, Change::New)
    ));
    assert!(matches!(rooms.receive(received(6, 6)), Action::Sync(4)));
    // Message 7 arrives live during the page and again as part of it.
    for seq in [7, 5, 6, 7] {
        assert!(matches!(rooms.receive(received(seq, seq)), Action::Nothing));
    }
    let (changes, next) = rooms.synced("7", 7, false);
    assert_eq!(shown(&changes), [5, 6, 7].map(|seq| (seq, Change::New)));
    assert_eq!(next, None);
    assert!(matches!(
        rooms.receive(received(5, 8)),
        Action::Show(_, Change::Edited)
    ));
}

#[test]
fn next_page_is_requested_and_an_unfinished_one_is_discarded() {
    let mut rooms = begin(0);
    rooms.disconnected();
    let behind = rooms.hello(me(), "a".to_owned(), vec![room("open", 4)]);
    assert_eq!(behind, [("7".to_owned(), 0)]);
    rooms.receive(received(1, 1));
    rooms.receive(received(2, 2));
    let (changes, next) = rooms.synced("7", 2, true);
    assert_eq!((changes.len(), next), (2, Some(2)));
    rooms.receive(received(3, 3));
    rooms.disconnected();
    let behind = rooms.hello(me(), "a".to_owned(), vec![room("open", 4)]);
    assert_eq!(behind, [("7".to_owned(), 2)]);
    rooms.receive(received(3, 3));
    rooms.receive(received(4, 4));
    let (changes, _) = rooms.synced("7", 4, false);
    assert_eq!(shown(&changes), [3, 4].map(|seq| (seq, Change::New)));
}

#[test]
fn another_epoch_starts_over() {
    let mut rooms = begin(9);
    let behind = rooms.hello(me(), "b".to_owned(), vec![room("open", 2)]);
    assert!(behind.is_empty());
    assert!(matches!(
        rooms.receive(received(3, 3)),
        Action::Show(_, Change::New)
    ));
    assert_eq!(rooms.update(room("open", 3)), None);
    rooms.remove("7");
    assert_eq!(rooms.update(room("direct", 3)), Some(0));
}

fn changed(seq: i64, ver: i64, author: &str, is_deleted: bool) -> Received {
    let mut received = received(seq, ver);
    author.clone_into(&mut received.message.user.id);
    received.message.deleted_at = is_deleted.then(|| "now".to_owned());
    received
}

fn unread(rooms: &RoomTable) -> i64 {
    rooms.get("7").expect("the room").room.unread
}

#[test]
fn own_and_deleted_messages_are_not_counted() {
    let mut rooms = begin(3);
    // seq, ver, author, deleted, and the unread count afterwards
    for (seq, ver, author, is_deleted, expected) in [
        (4, 4, "2", false, 1),
        (5, 5, "1", false, 1),
        (6, 6, "2", false, 2),
        (4, 7, "2", false, 2),
        (4, 8, "2", true, 1),
        (5, 9, "1", true, 1),
        (7, 10, "2", true, 1),
        (6, 11, "2", true, 0),
        (6, 11, "2", true, 0),
    ] {
        rooms.receive(changed(seq, ver, author, is_deleted));
        assert_eq!(unread(&rooms), expected, "{seq} at {ver}");
    }
}

#[test]
fn changes_since_older_counts_are_added() {
    let mut rooms = begin(3);
    for seq in 4..=8 {
        rooms.receive(changed(seq, seq, "2", false));
    }
    rooms.receive(changed(5, 9, "2", true));
    assert_eq!(unread(&rooms), 4);
    let position = |seq, ver, unread| ReadPosition {
        seq,
        ver,
        unread,
        mentions: 0,
    };
    rooms.set_read_position("7", position(4, 6, 2));
    assert_eq!(unread(&rooms), 3);
    // These counts include the next message.
    rooms.set_read_position("7", position(6, 10, 3));
    rooms.receive(changed(9, 10, "2", false));
    assert_eq!(unread(&rooms), 3);
    rooms.receive(changed(10, 11, "2", false));
    assert_eq!(unread(&rooms), 4);
}
