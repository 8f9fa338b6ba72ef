//! `teahouse chat` while the server is down and started again.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::terminal::Terminal;
use crate::support::{LOBBY, Teahouse, client_id};

/// Returns each `n` of the messages `<who> <n>`, in order.
fn numbers(lines: &[String], who: &str) -> Vec<usize> {
    let begin = format!("{who} ");
    let content = |line: &String| {
        let frame: Value = serde_json::from_str(line).ok()?;
        let content = frame["content"]
            .as_str()
            .filter(|_| frame["type"] == "message")?;
        content.strip_prefix(&begin)?.parse().ok()
    };
    lines.iter().filter_map(content).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_once_and_in_order_across_server_restarts() {
    const ROUNDS: usize = 3;
    const EACH: usize = 20;
    let (mut server, [lin, mei]) = Teahouse::with_users(["lin", "mei"]).await;
    let mut lin_chat = Terminal::of(&lin, &["--json"]);
    let mut mei_chat = Terminal::of(&mei, &["--json"]);
    lin_chat.frame("hello").await;
    mei_chat.frame("hello").await;
    for round in 0..ROUNDS {
        for n in 0..EACH {
            let post = json!({"type": "post", "content": format!("lin {}", round * EACH + n)});
            lin_chat.type_line(&post.to_string()).await;
            if n == EACH / 2 {
                server.kill();
            }
        }
        lin_chat.frame("offline").await;
        mei_chat.frame("offline").await;
        server.restart();
        // Her terminal may not be connected again yet.
        mei.say(&format!("web {round}")).await;
        lin_chat.frame("hello").await;
        mei_chat.frame("hello").await;
    }
    let last = format!(r#""content":"lin {}""#, ROUNDS * EACH - 1);
    mei_chat.expect(&last).await;
    lin_chat.expect(&last).await;
    let (lin_chat, mei_chat) = (lin_chat.end().await, mei_chat.end().await);
    let found = (lin_chat.code, mei_chat.code);
    assert_eq!(found, (Some(0), Some(0)), "{lin_chat:?} {mei_chat:?}");
    let all: Vec<usize> = (0..ROUNDS * EACH).collect();
    for lines in [&lin_chat.lines, &mei_chat.lines] {
        assert_eq!(numbers(lines, "lin"), all, "each once, in order");
        let web: BTreeSet<_> = numbers(lines, "web").into_iter().collect();
        assert_eq!(web.len(), ROUNDS);
        assert_eq!(numbers(lines, "web").len(), ROUNDS);
    }
    assert_eq!(lin.whole_history(LOBBY).await.len(), ROUNDS * (EACH + 1));
}

#[tokio::test]
async fn direct_message_sent_before_the_reconnect_is_announced() {
    let (mut server, [lin, mei]) = Teahouse::with_users(["lin", "mei"]).await;
    let mut mei_chat = Terminal::of(&mei, &[]);
    mei_chat.expect("You are in").await;
    server.kill();
    mei_chat.expect("Connection lost").await;
    server.restart();
    let mut lin_chat = lin.socket().await;
    let post = json!({"type": "post", "clientId": client_id(), "to": "mei", "content": "psst"});
    lin_chat.send(post).await;
    lin_chat.expect("ack").await;
    mei_chat.expect("lin: 1 unread message").await;
    mei_chat.type_line("/join lin").await;
    mei_chat.expect("lin: psst").await;
    let end = mei_chat.end().await;
    let shown = end.lines.iter().filter(|line| line.contains("psst"));
    assert_eq!(shown.count(), 1, "{:#?}", end.lines);
}

#[tokio::test]
async fn input_is_handled_while_the_server_is_down() {
    let (mut server, [lin]) = Teahouse::with_users(["lin"]).await;
    let mut lin_chat = Terminal::of(&lin, &[]);
    lin_chat.expect("You are in").await;
    server.kill();
    lin_chat.expect("Connection lost").await;
    lin_chat.type_line("/who").await;
    lin_chat.expect("Not connected").await;
    lin_chat.type_line("for later").await;
    lin_chat.type_line("/quit").await;
    let end = lin_chat.end().await;
    assert_eq!(end.code, Some(1), "a message may be lost: {end:?}");
    assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
}
