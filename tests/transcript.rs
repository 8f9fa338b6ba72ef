//! What admins read in SQL is exactly what was said.

use crate::support::{LOBBY, Person, Teahouse};
use chrono::{DateTime, Utc};

#[tokio::test]
async fn an_admin_reads_who_said_what_where_and_when() {
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
    assert_eq!(transcript.len(), said.len(), "exactly what was said");
    for ((line, message), (person, room, text)) in transcript.iter().zip(&stored).zip(said) {
        assert_eq!(line.content, text);
        assert_eq!(
            (&line.sender_username, line.sender_phone.as_ref()),
            (&person.name, Some(&person.phone))
        );
        assert_eq!(line.room_id.to_string(), room);
        let kind = if room == LOBBY {
            ("Lobby", "open")
        } else {
            ("花园 🌱", "closed")
        };
        assert_eq!((line.room_name.as_str(), line.room_kind.as_str()), kind);
        assert_eq!(Some(line.seq), message["seq"].as_i64());
        assert_eq!(
            line.message_id.to_string(),
            message["id"].as_str().expect("id")
        );
        assert_eq!(
            line.sender_id.to_string(),
            message["user"]["id"].as_str().expect("id")
        );
        // 2026-11-20 19:04:05.678, in UTC
        assert_eq!(line.sent_at.len(), 23, "{}", line.sent_at);
        let at = format!("{}Z", line.sent_at.replace(' ', "T"));
        assert_eq!(
            at,
            message["createdAt"].as_str().expect("a time"),
            "the same to the millisecond"
        );
        let at: DateTime<Utc> = at.parse().expect("a time");
        assert!(
            at.timestamp_millis() >= before.timestamp_millis() && at <= after,
            "{before} {at} {after}"
        );
    }
    let open = server.count("chat_history WHERE edited_at IS NULL AND deleted_at IS NULL");
    assert_eq!(open, 4);
}

#[tokio::test]
async fn times_are_utc_wherever_the_server_stands() {
    let server = Teahouse::with(&[("TZ", "Asia/Shanghai")]);
    let ming = Person::register(&server, "Ming").await;
    let before = Utc::now().timestamp_millis();
    let message = ming.say("hello").await;
    let at: DateTime<Utc> = message["createdAt"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    assert!(
        (before..before + 10_000).contains(&at.timestamp_millis()),
        "{at}"
    );
    let line = server.database().transcript().remove(0);
    assert_eq!(
        format!("{}Z", line.sent_at.replace(' ', "T")),
        message["createdAt"].as_str().expect("a time")
    );
}
