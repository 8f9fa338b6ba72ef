//! The book against a server that is cut off, repeats itself and skips.

use super::*;
use crate::chat::frames::Mark;
use serde_json::json;

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

fn heard(seq: i64, ver: i64) -> Heard {
    let message = json!({
        "roomId": "7", "seq": seq, "ver": ver, "clientId": "", "content": "",
        "user": {"id": "2", "username": "mei"}, "createdAt": "",
        "editedAt": (seq != ver).then_some("now"),
    });
    let message = serde_json::from_value(message).expect("a message");
    let frame = String::new();
    Heard { message, frame }
}

fn begin(ver: i64) -> Book {
    let mut book = Book::default();
    assert!(
        book.hello(me(), "a".to_owned(), vec![room("open", ver)])
            .is_empty()
    );
    book
}

fn shown(news: &[(Heard, Change)]) -> Vec<(i64, Change)> {
    news.iter()
        .map(|(heard, change)| (heard.message.seq, *change))
        .collect()
}

#[test]
fn a_hole_is_asked_for_and_what_comes_again_is_left_out() {
    let mut book = begin(3);
    assert!(matches!(book.hear(heard(3, 3)), Outcome::Nothing));
    assert!(matches!(
        book.hear(heard(4, 4)),
        Outcome::Show(_, Change::New)
    ));
    assert!(matches!(book.hear(heard(6, 6)), Outcome::Ask(4)));
    // A live frame crosses the page, which brings it too.
    for seq in [7, 5, 6, 7] {
        assert!(matches!(book.hear(heard(seq, seq)), Outcome::Nothing));
    }
    let (news, next) = book.synced("7", 7, false);
    assert_eq!(shown(&news), [5, 6, 7].map(|seq| (seq, Change::New)));
    assert_eq!(next, None);
    assert!(matches!(
        book.hear(heard(5, 8)),
        Outcome::Show(_, Change::Edited)
    ));
}

#[test]
fn pages_follow_each_other_and_a_lost_one_counts_for_nothing() {
    let mut book = begin(0);
    book.lost();
    let behind = book.hello(me(), "a".to_owned(), vec![room("open", 4)]);
    assert_eq!(behind, [("7".to_owned(), 0)]);
    book.hear(heard(1, 1));
    book.hear(heard(2, 2));
    let (news, next) = book.synced("7", 2, true);
    assert_eq!((news.len(), next), (2, Some(2)));
    book.hear(heard(3, 3));
    book.lost();
    let behind = book.hello(me(), "a".to_owned(), vec![room("open", 4)]);
    assert_eq!(behind, [("7".to_owned(), 2)]);
    book.hear(heard(3, 3));
    book.hear(heard(4, 4));
    let (news, _) = book.synced("7", 4, false);
    assert_eq!(shown(&news), [3, 4].map(|seq| (seq, Change::New)));
}

#[test]
fn another_database_is_another_beginning() {
    let mut book = begin(9);
    let behind = book.hello(me(), "b".to_owned(), vec![room("open", 2)]);
    assert!(behind.is_empty());
    assert!(matches!(
        book.hear(heard(3, 3)),
        Outcome::Show(_, Change::New)
    ));
    assert_eq!(book.meet(room("open", 3)), None);
    book.forget("7");
    assert_eq!(book.meet(room("direct", 3)), Some(0));
}

fn changed(seq: i64, ver: i64, author: &str, is_deleted: bool) -> Heard {
    let mut heard = heard(seq, ver);
    author.clone_into(&mut heard.message.user.id);
    heard.message.deleted_at = is_deleted.then(|| "now".to_owned());
    heard
}

fn unread(book: &Book) -> i64 {
    book.place("7").expect("the room").room.unread
}

#[test]
fn own_and_deleted_messages_are_not_unread() {
    let mut book = begin(3);
    // Seq, ver, author, deleted, and what is unread then.
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
        book.hear(changed(seq, ver, author, is_deleted));
        assert_eq!(unread(&book), expected, "{seq} at {ver}");
    }
}

#[test]
fn counts_of_an_older_state_are_completed_with_what_came_since() {
    let mut book = begin(3);
    for seq in 4..=8 {
        book.hear(changed(seq, seq, "2", false));
    }
    book.hear(changed(5, 9, "2", true));
    assert_eq!(unread(&book), 4);
    let mark = |seq, ver, unread| Mark {
        seq,
        ver,
        unread,
        mentions: 0,
    };
    book.mark("7", mark(4, 6, 2));
    assert_eq!(unread(&book), 3);
    // Counts that include what is still to come.
    book.mark("7", mark(6, 10, 3));
    book.hear(changed(9, 10, "2", false));
    assert_eq!(unread(&book), 3);
    book.hear(changed(10, 11, "2", false));
    assert_eq!(unread(&book), 4);
}
