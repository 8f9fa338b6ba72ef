//! Selecting messages of a room with `before`, `after`, `limit` and `ver`.

use crate::support::{LOBBY, Person, Teahouse, field_values, words};
use serde_json::{Value, json};

/// Sequence numbers of the listed messages.
fn seqs(list: &Value) -> Vec<Value> {
    field_values(list.as_array().expect("a bare array"), "seq")
}

/// Sequence numbers of the messages in an HTML fragment.
async fn seqs_in_html(person: &Person, query: &str) -> Vec<u64> {
    let page = person
        .page(&format!("/rooms/{LOBBY}/messages?{query}"))
        .await;
    let ids = page.split("data-seq=\"").skip(1);
    let ids = ids.filter_map(|rest| rest.split('"').next());
    ids.map(|seq| seq.parse().expect("a number")).collect()
}

#[tokio::test]
async fn before_and_after_together_select_a_range() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for n in 1..=12 {
        ming.say(&format!("message {n}")).await;
    }
    let cases: &[(&str, &[u64])] = &[
        ("after=3&before=7", &[4, 5, 6]),
        ("before=7&after=3", &[4, 5, 6]),
        ("after=3&before=12&limit=2", &[4, 5]),
        ("after=0&before=3", &[1, 2]),
        ("after=10&before=100", &[11, 12]),
        ("after=3&before=5", &[4]),
        ("after=3&before=4", &[]),
        ("after=3&before=3", &[]),
        ("after=7&before=3", &[]),
        ("after=0&before=0", &[]),
        ("after=12&before=9223372036854775807", &[]),
    ];
    for (query, wanted) in cases {
        for list in [
            format!("/rooms/{LOBBY}/messages?{query}"),
            format!("/api/rooms/{LOBBY}/messages?{query}"),
        ] {
            let found = ming.json_at(&list).await;
            assert_eq!(seqs(&found), *wanted, "{list}");
        }
        assert_eq!(seqs_in_html(&ming, query).await, *wanted, "{query}");
    }
    // `before` or `after` alone.
    let (_, found) = ming.get_json("/api/rooms/1/messages?before=4").await;
    assert_eq!(seqs(&found), [3, 2, 1]);
    let (_, found) = ming.get_json("/api/rooms/1/messages?after=10").await;
    assert_eq!(seqs(&found), [11, 12]);
    let (_, found) = ming.get_json("/rooms/1/messages?before=4").await;
    assert_eq!(seqs(&found), [1, 2, 3]);
}

#[tokio::test]
async fn message_lists_reject_unknown_repeated_and_malformed_parameters() {
    let (_server, [ming, mei]) = Teahouse::with_users(["Ming", "Mei"]).await;
    ming.say("one").await;
    let body = json!({"username": mei.name});
    let (status, conversation) = ming.post_json("/api/conversations", &body).await;
    assert_eq!(status, 201);
    let id = conversation["id"].as_str().expect("an id");
    let lists = [
        format!("/rooms/{LOBBY}/messages"),
        format!("/api/rooms/{LOBBY}/messages"),
        format!("/api/conversations/{id}/messages"),
    ];
    for list in &lists {
        let queries = "at=1 at= x=1 page=2 Before=1 since=1 before=1&x=1 before[]=1 before=1&before=1 \
            before=1&before=2 before=-1 before=x before= before before=1.5 before=0x10 \
            before=99999999999999999999 token=x";
        for query in words(queries) {
            for accept in ["text/html", "application/json"] {
                let path = format!("{list}?{query}");
                let status = ming.get_with(&path, "accept", accept).await.status();
                assert_eq!(status, 400, "{list}?{query} as {accept}");
            }
        }
        for query in ["", "?", "?before=1", "?before=0"] {
            let status = ming.get(&format!("{list}{query}")).await.status();
            assert_eq!(status, 200, "{list}{query}");
        }
    }
    for list in &lists[..2] {
        let queries = "after=-1 after=x after=1&after=1 after=1&before=-5 limit=0 limit=-1 limit=x \
            limit=1&limit=2";
        for query in words(queries) {
            let status = ming.get(&format!("{list}?{query}")).await.status();
            assert_eq!(status, 400, "{list}?{query}");
        }
    }
    let api = &lists[1];
    for query in words("ver=-1 ver=x ver=1&ver=1 ver=1&before=2 ver=1&after=2") {
        let status = ming.get(&format!("{api}?{query}")).await.status();
        assert_eq!(status, 400, "{api}?{query}");
    }
    let ver = ming.get(&format!("{}?ver=1", lists[0])).await.status();
    assert_eq!(ver, 400, "only the API accepts ?ver=");
}
