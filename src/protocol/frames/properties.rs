//! Properties of all frames.

use bytes::BytesMut;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn id() -> impl Strategy<Value = Id> {
    any::<i64>().prop_map(Id)
}

fn frame() -> impl Strategy<Value = ClientFrame> {
    let text = any::<String>;
    prop_oneof![
        (
            text(),
            any::<Option<i64>>(),
            any::<Option<String>>(),
            text()
        )
            .prop_map(|(client_id, room_id, to, content)| ClientFrame::Post {
                client_id,
                room_id: room_id.map(Id),
                to,
                content,
            }),
        (id(), any::<i64>(), text()).prop_map(|(room_id, seq, content)| ClientFrame::Edit {
            room_id,
            seq,
            content
        }),
        (id(), any::<i64>()).prop_map(|(room_id, seq)| ClientFrame::Delete { room_id, seq }),
        (id(), any::<i64>(), any::<bool>()).prop_map(|(room_id, seq, unread)| ClientFrame::Read {
            room_id,
            seq,
            unread
        }),
        id().prop_map(|room_id| ClientFrame::Typing { room_id }),
        (id(), any::<i64>()).prop_map(|(room_id, ver)| ClientFrame::Sync { room_id, ver }),
        (any::<Option<i64>>(), any::<bool>()).prop_map(|(room_id, away)| ClientFrame::View {
            room_id: room_id.map(Id),
            away
        }),
        Just(ClientFrame::Ping),
    ]
}

/// JSON that uses the names of frames and fields in arbitrary places.
fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "type", "post", "edit", "delete", "read", "typing", "sync", "view", "ping", "clientId",
        "roomId", "to", "content", "seq", "ver", "unread", "away",
    ];
    let name = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i64>().prop_map(|number| Value::from(number.to_string())),
        any::<f64>().prop_map(Value::from),
        name.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn to_json(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("JSON")
}

proptest! {
    #[test]
    fn frames_round_trip_and_ignore_unknown_fields(frame in frame(), extra in any_json()) {
        prop_assert_eq!(&ClientFrame::parse(&to_json(&frame)).expect("a frame"), &frame);
        let mut value = json!(frame);
        value["something else"] = extra;
        prop_assert_eq!(ClientFrame::parse(&value.to_string()).expect("a frame"), frame);
    }

    #[test]
    fn parsed_json_round_trips(value in any_json()) {
        if let Some(frame) = ClientFrame::parse(&value.to_string()) {
            prop_assert!(value["type"].is_string());
            prop_assert_eq!(ClientFrame::parse(&to_json(&frame)).expect("a frame"), frame);
        }
    }

    #[test]
    fn parsing_any_bytes_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClientFrame::parse(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn truncated_frames_are_rejected(frame in frame(), cut in any::<prop::sample::Index>()) {
        let json = to_json(&frame);
        let mut cut = cut.index(json.len());
        while !json.is_char_boundary(cut) {
            cut -= 1;
        }
        prop_assert_eq!(ClientFrame::parse(&json[..cut]), None);
    }

    #[test]
    fn concatenated_frames_can_be_split(texts in prop::collection::vec("\\PC{0,400}", 1..6)) {
        let mut wire = BytesMut::new();
        for text in &texts {
            let client_id = Some(text.as_str());
            let (code, message) = (ErrorCode::Invalid, text.as_str());
            let frame = ServerFrame::Error { code, message, client_id, room_id: None, seq: None };
            frame.encode_into(&mut wire);
        }
        let mut rest = &wire[..];
        for text in &texts {
            let json = websocket::payload(rest).expect("a text frame");
            let header = rest.len() - json.len();
            let length = match header {
                2 => usize::from(rest[1]),
                _ => usize::from(u16::from_be_bytes([rest[2], rest[3]])),
            };
            let value: Value = serde_json::from_slice(&json[..length]).expect("JSON");
            prop_assert_eq!(value["message"].as_str(), Some(text.as_str()));
            rest = &json[length..];
        }
        prop_assert!(rest.is_empty());
    }
}
