//! The SQL view `chat_history` shows admins exactly what was posted.

use crate::support::{LOBBY, Person, Teahouse};
use chrono::{DateTime, Utc};

#[tokio::test]
async fn chat_history_shows_sender_room_content_and_time() {
    let (server, [ming, ana]) = Teahouse::with_users(["明明", "Ana"]).await;
    let garden = server.database().add_room("closed", "花园 🌱", &["Ana"]);
    let long = "茶🍵".repeat(2000);
    let said = [
        (&ming, LOBBY, "你好 🍵 hello"),
        (&ana, LOBBY, "it's \"fine\" \\ 100% <b>\nsecond line"),
        (&ana, &garden, "among us"),
        (&ming, LOBBY, &long),
    ];
    let before = Utc::now();
    let mut stored = Vec::new();
    for (person, room, text) in said {
        stored.push(person.say_in(room, text).await);
    }
    let after = Utc::now();
    let transcript = server.database().transcript();
    assert_eq!(transcript.len(), said.len(), "one line per message");
    for ((line, message), (person, room, text)) in transcript.iter().zip(&stored).zip(said) {
        assert_eq!(line.content, text);
        let sender = (&line.sender_username, line.sender_phone.as_ref());
        assert_eq!(sender, (&person.name, Some(&person.phone)));
        assert_eq!(line.room_id.to_string(), room);
        let is_lobby = room == LOBBY;
        let kind = if is_lobby {
            ("Lobby", "open")
        } else {
            ("花园 🌱", "closed")
        };
        assert_eq!((line.room_name.as_str(), line.room_kind.as_str()), kind);
        assert_eq!(Some(line.seq), message["seq"].as_i64());
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        assert_eq!(line.message_id.to_string(), text(&message["id"]));
        assert_eq!(line.sender_id.to_string(), text(&message["user"]["id"]));
        // 2026-11-20 19:04:05.678 in UTC.
        assert_eq!(line.sent_at.len(), 23, "{}", line.sent_at);
        let at = format!("{}Z", line.sent_at.replace(' ', "T"));
        assert_eq!(at, text(&message["createdAt"]), "equal to the millisecond");
        let at: DateTime<Utc> = at.parse().expect("a time");
        let is_late = at.timestamp_millis() >= before.timestamp_millis();
        assert!(is_late && at <= after, "{before} {at} {after}");
    }
    let open = server.count("chat_history WHERE edited_at IS NULL AND deleted_at IS NULL");
    assert_eq!(open, 4);
}

#[tokio::test]
async fn times_are_utc_in_every_time_zone() {
    let server = Teahouse::with(&[("TZ", "Asia/Shanghai")]);
    let ming = Person::register(&server, "Ming").await;
    let before = Utc::now().timestamp_millis();
    let message = ming.say("hello").await;
    let created_at = message["createdAt"].as_str().expect("a time");
    let at: DateTime<Utc> = created_at.parse().expect("a time");
    let range = before..before + 10_000;
    assert!(range.contains(&at.timestamp_millis()), "{at}");
    let line = server.database().transcript().remove(0);
    assert_eq!(format!("{}Z", line.sent_at.replace(' ', "T")), created_at);
}
