//! `teahouse chat` while the server is down and started again.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::terminal::Terminal;
use crate::support::{LOBBY, Person, Teahouse, client_id};

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
    let mut house = Teahouse::start();
    let lin = Person::register(&house, "lin").await;
    let mei = Person::register(&house, "mei").await;
    let mut his = Terminal::of(&lin, &["--json"]);
    let mut hers = Terminal::of(&mei, &["--json"]);
    his.frame("hello").await;
    hers.frame("hello").await;
    for round in 0..ROUNDS {
        for n in 0..EACH {
            let text = format!("lin {}", round * EACH + n);
            let post = json!({"type": "post", "content": text});
            his.type_line(&post.to_string()).await;
            if n == EACH / 2 {
                house.kill9();
            }
        }
        his.frame("offline").await;
        hers.frame("offline").await;
        house.start_again();
        // Her terminal may not be connected again yet.
        mei.say(&format!("web {round}")).await;
        his.frame("hello").await;
        hers.frame("hello").await;
    }
    let last = format!(r#""content":"lin {}""#, ROUNDS * EACH - 1);
    hers.expect(&last).await;
    his.expect(&last).await;
    let (his, hers) = (his.end().await, hers.end().await);
    assert_eq!(
        (his.code, hers.code),
        (Some(0), Some(0)),
        "{his:?} {hers:?}"
    );
    let all: Vec<usize> = (0..ROUNDS * EACH).collect();
    for lines in [&his.lines, &hers.lines] {
        assert_eq!(numbers(lines, "lin"), all, "each once, in order");
        let web: BTreeSet<_> = numbers(lines, "web").into_iter().collect();
        assert_eq!(web.len(), ROUNDS);
        assert_eq!(numbers(lines, "web").len(), ROUNDS);
    }
    assert_eq!(lin.whole_history(LOBBY).await.len(), ROUNDS * (EACH + 1));
}

#[tokio::test]
async fn direct_message_sent_before_the_reconnect_is_announced() {
    let mut house = Teahouse::start();
    let lin = Person::register(&house, "lin").await;
    let mei = Person::register(&house, "mei").await;
    let mut hers = Terminal::of(&mei, &[]);
    hers.expect("You are in").await;
    house.kill9();
    hers.expect("Connection lost").await;
    house.start_again();
    let mut his = lin.socket().await;
    let post = json!({"type": "post", "clientId": client_id(), "to": "mei", "content": "psst"});
    his.send(post).await;
    his.expect("ack").await;
    hers.expect("lin: 1 unread message").await;
    hers.type_line("/join lin").await;
    hers.expect("lin: psst").await;
    let end = hers.end().await;
    let shown = end.lines.iter().filter(|line| line.contains("psst"));
    assert_eq!(shown.count(), 1, "{:#?}", end.lines);
}

#[tokio::test]
async fn input_is_handled_while_the_server_is_down() {
    let mut house = Teahouse::start();
    let lin = Person::register(&house, "lin").await;
    let mut his = Terminal::of(&lin, &[]);
    his.expect("You are in").await;
    house.kill9();
    his.expect("Connection lost").await;
    his.type_line("/who").await;
    his.expect("Not connected").await;
    his.type_line("for later").await;
    his.type_line("/quit").await;
    let end = his.end().await;
    assert_eq!(end.code, Some(1), "a message may be lost: {end:?}");
    assert_eq!(end.stderr.lines().count(), 1, "{end:?}");
}
