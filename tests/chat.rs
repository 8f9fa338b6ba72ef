//! `teahouse chat`: people and scripts who talk from a terminal.

use crate::support::person::PASSWORD;
use crate::support::{LOBBY, PATIENCE, Person, Teahouse, client_id, eventually};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

/// A `teahouse chat` that runs.
struct Terminal {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
}

/// How it ended.
#[derive(Debug)]
struct End {
    code: Option<i32>,
    lines: Vec<String>,
    complaint: String,
}

fn command(url: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teahouse"));
    command
        .args(["chat", "--url", url])
        .args(args)
        .env_clear()
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Terminal {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("piped");
        Self {
            input: child.stdin.take(),
            output: BufReader::new(output).lines(),
            child,
            seen: Vec::new(),
        }
    }

    /// Signed in with the password, as a person would.
    fn of(person: &Person, args: &[&str]) -> Self {
        let mut command = command(&person.url, &["--phone", &person.phone]);
        command.args(args).env("TEAHOUSE_PASSWORD", PASSWORD);
        Self::start(command)
    }

    async fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        let line = format!("{line}\n");
        input.write_all(line.as_bytes()).await.expect("it reads");
    }

    /// The next line that contains this.
    async fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.output.next_line()).await {
                Ok(Ok(Some(line))) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                end => panic!("no {text:?}, but {:#?} ({end:?})", self.seen),
            }
        }
    }

    /// The next frame of this type.
    async fn frame(&mut self, kind: &str) -> Value {
        let line = self.expect(&format!(r#""type":"{kind}""#)).await;
        serde_json::from_str(&line).expect("JSON")
    }

    /// Ends the input, reads the rest, and waits for the program's end.
    async fn end(mut self) -> End {
        drop(self.input.take());
        let rest = async {
            while let Ok(Some(line)) = self.output.next_line().await {
                self.seen.push(line);
            }
            let mut complaint = String::new();
            let errors = self.child.stderr.as_mut().expect("piped");
            errors.read_to_string(&mut complaint).await.expect("text");
            (self.child.wait().await.expect("it ends").code(), complaint)
        };
        let (code, complaint) = timeout(PATIENCE, rest).await.expect("it ends");
        End {
            code,
            lines: self.seen,
            complaint,
        }
    }
}

async fn token(person: &Person) -> String {
    let typed = json!({"phone": person.phone, "password": PASSWORD});
    let (status, answer) = person.post_json("/api/login", &typed).await;
    assert_eq!(status, 200, "{answer}");
    answer["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn two_people_talk_in_their_terminals() {
    let (_house, [lin, mei]) = Teahouse::with_people(["lin", "mei"]).await;
    lin.say("before you came").await;
    let mut hers = Terminal::of(&mei, &[]);
    let mut his = Terminal::of(&lin, &[]);
    hers.expect("Signed in as mei").await;
    hers.expect("lin: before you came").await;
    his.expect("You are in").await;
    his.type_line("你好, mei").await;
    hers.expect("lin: 你好, mei").await;
    hers.type_line("//slash").await;
    his.expect("mei: /slash").await;
    // Who comes is told a moment later.
    let deadline = Instant::now() + PATIENCE;
    loop {
        hers.type_line("/who").await;
        let here = hers.expect("Online:").await;
        if here.contains("lin") && here.contains("mei") {
            break;
        }
        assert!(Instant::now() < deadline, "{here}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    hers.type_line("/history 2").await;
    hers.expect("lin: 你好, mei").await;
    hers.expect("mei: /slash").await;
    hers.type_line("/dance").await;
    hers.expect("Unknown command").await;
    hers.type_line("/quit").await;
    let end = hers.end().await;
    assert_eq!((end.code, end.complaint.as_str()), (Some(0), ""));
    assert_eq!(his.end().await.code, Some(0));
    // What the terminal showed is read.
    eventually("mei has read everything", || async {
        let (_, rooms) = mei.get_json("/api/rooms").await;
        (rooms[0]["unread"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn other_rooms_announce_themselves_and_are_joined_by_name_or_number() {
    let (_house, [lin, mei]) = Teahouse::with_people(["lin", "mei"]).await;
    let mut hers = Terminal::of(&mei, &[]);
    hers.expect("You are in").await;
    let room = json!({"name": "Green tea", "kind": "open"});
    let (status, room) = lin.post_json("/api/rooms", &room).await;
    assert_eq!(status, 201, "{room}");
    let id = room["id"].as_str().expect("an id");
    hers.type_line("/join Nowhere").await;
    hers.expect("no room called Nowhere").await;
    hers.type_line(&format!("/join {id}")).await;
    hers.expect("You are in Green tea").await;
    hers.type_line("anybody here?").await;
    hers.expect("mei: anybody here?").await;
    assert_eq!(lin.history(id).await.len(), 1);
    lin.say("over here").await;
    hers.expect(": 1 unread message").await;
    hers.type_line("/rooms").await;
    hers.expect("[1] (1)").await;
    hers.expect("* Green tea").await;
    hers.type_line("/join 1").await;
    hers.expect("lin: over here").await;
    hers.type_line("/join green TEA").await;
    hers.expect("You are in Green tea").await;
    let end = hers.end().await;
    let shown = end.lines.iter().filter(|line| line.contains("over here"));
    assert_eq!(shown.count(), 1, "{:#?}", end.lines);
}

#[tokio::test]
async fn a_script_speaks_frames_and_commands() {
    let (house, [lin]) = Teahouse::with_people(["lin"]).await;
    let token = token(&lin).await;
    let mut command = command(&house.url, &["--json"]);
    command.env("TEAHOUSE_TOKEN", &token);
    let mut script = Terminal::start(command);
    let hello = script.frame("hello").await;
    assert_eq!(hello["user"]["username"], "lin");
    let id = client_id();
    let post = json!({"type": "post", "clientId": id, "roomId": LOBBY, "content": "framed"});
    script.type_line(&post.to_string()).await;
    assert_eq!(script.frame("message").await["content"], "framed");
    assert_eq!(script.frame("ack").await["clientId"], id);
    let post = json!({"type": "post", "content": "plain"});
    script.type_line(&post.to_string()).await;
    assert_eq!(script.frame("ack").await["seq"], 2);
    script.type_line("/history 1").await;
    let page = script.frame("history").await;
    assert_eq!(page["messages"][0]["content"], "plain", "{page}");
    script.type_line("/rooms").await;
    assert_eq!(script.frame("rooms").await["rooms"][0]["name"], "Lobby");
    // Who asks for what is known is given it.
    let sync = json!({"type": "sync", "roomId": LOBBY, "ver": 1});
    script.type_line(&sync.to_string()).await;
    assert_eq!(script.frame("message").await["content"], "plain");
    assert_eq!(script.frame("synced").await["ver"], 2);
    for wrong in ["{nonsense", r#"{"type":"dance"}"#] {
        script.type_line(wrong).await;
        assert_eq!(script.frame("error").await["code"], "bad_frame");
    }
    script
        .type_line(r#"{"type":"edit","roomId":"1","seq":2,"content":"plainer"}"#)
        .await;
    let edited = script.frame("message").await;
    assert_eq!((&edited["seq"], &edited["ver"]), (&json!(2), &json!(3)));
    let end = script.end().await;
    assert_eq!(end.code, Some(1), "a line was no JSON: {end:?}");
    for line in &end.lines {
        let frame: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(frame["type"].is_string(), "{line}");
    }
    let contents: Vec<_> = lin.history(LOBBY).await;
    let contents: Vec<_> = contents.iter().map(|message| &message["content"]).collect();
    assert_eq!(contents, ["framed", "plainer"]);
}

#[tokio::test]
async fn a_script_says_one_thing_and_knows_that_it_is_stored() {
    let (_house, [lin]) = Teahouse::with_people(["lin"]).await;
    let end = Terminal::of(&lin, &["--say", "backup done"]).end().await;
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.lines.is_empty() && end.complaint.is_empty(), "{end:?}");
    assert_eq!(lin.history(LOBBY).await[0]["content"], "backup done");
    let end = Terminal::of(&lin, &["--json", "--say", "twice"])
        .end()
        .await;
    assert_eq!(end.lines.len(), 1, "{end:?}");
    assert!(end.lines[0].contains(r#""type":"ack""#), "{end:?}");
    let end = Terminal::of(&lin, &["--say", " "]).end().await;
    assert_eq!(end.code, Some(1), "{end:?}");
    assert_eq!(end.complaint.lines().count(), 1, "{end:?}");
    let end = Terminal::of(&lin, &["--room", "Nowhere", "--say", "x"])
        .end()
        .await;
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(end.complaint.contains("Nowhere"), "{end:?}");
    assert_eq!(lin.history(LOBBY).await.len(), 2);
}

#[tokio::test]
async fn a_number_and_a_text_are_enough_for_a_conversation() {
    let (_house, [lin, mei]) = Teahouse::with_people(["lin", "mei"]).await;
    let mut hers = Terminal::of(&mei, &[]);
    hers.expect("You are in").await;
    let mut his = Terminal::of(&lin, &[]);
    his.type_line(&format!("/to {} are you there?", mei.phone))
        .await;
    his.expect(&format!("Delivered to {}", mei.phone)).await;
    hers.expect("lin: 1 unread message").await;
    hers.type_line("/join lin").await;
    hers.expect("lin: are you there?").await;
    hers.type_line("I am").await;
    his.expect("mei: 1 unread message").await;
    his.type_line("/to nobody hello?").await;
    his.expect("Not sent").await;
    his.type_line("/join mei").await;
    his.expect("mei: I am").await;
    let args = ["--to", "mei", "--say", "from a script"];
    assert_eq!(Terminal::of(&lin, &args).end().await.code, Some(0));
    hers.expect("lin: from a script").await;
    assert!(lin.history(LOBBY).await.is_empty());
}

#[tokio::test]
async fn whoever_cannot_get_in_is_told_why_in_one_line() {
    let (house, [lin]) = Teahouse::with_people(["lin"]).await;
    let by_phone = ["--phone", lin.phone.as_str()];
    let mut wrong = command(&house.url, &by_phone);
    wrong.env("TEAHOUSE_PASSWORD", "not the password");
    let mut chinese = command(&house.url, &by_phone);
    chinese
        .env("TEAHOUSE_PASSWORD", "not the password")
        .env("LANG", "zh_CN.UTF-8");
    let mut away = command("http://127.0.0.1:1", &by_phone);
    away.env("TEAHOUSE_PASSWORD", PASSWORD);
    let cases = [
        (wrong, "Wrong phone number or password"),
        (chinese, "密码错误"),
        (away, "No answer from http://127.0.0.1:1"),
        (
            command("http://127.0.0.1:1", &["--token", "x"]),
            "No answer from http://127.0.0.1:1",
        ),
        (command("teahouse", &["--token", "x"]), "not an http"),
        (command(&house.url, &["--token", "x"]), "Not signed in"),
        (command(&house.url, &[]), "--phone"),
    ];
    for (command, reason) in cases {
        let end = Terminal::start(command).end().await;
        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.complaint.contains(reason), "{end:?}");
        assert_eq!(end.complaint.lines().count(), 1, "{end:?}");
        assert!(end.lines.is_empty(), "{end:?}");
    }
}

#[tokio::test]
async fn the_password_stands_in_no_argument_and_no_setting_is_needed() {
    let outcome = Teahouse::run(&["chat", "--help"], &[], Path::new("/"));
    assert!(outcome.status.success(), "{outcome:?}");
    assert!(outcome.stdout.contains("--token"), "{outcome:?}");
    assert!(!outcome.stdout.contains("--password"), "{outcome:?}");
}

/// The numbers of the texts `<who> <n>` in these lines, in order.
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
async fn while_the_server_is_started_again_nothing_is_lost_and_nothing_comes_twice() {
    const ROUNDS: usize = 3;
    const EACH: usize = 20;
    let (mut house, [lin, mei]) = Teahouse::with_people(["lin", "mei"]).await;
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
        // Said while she may still be away.
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
async fn a_conversation_that_began_while_the_server_was_away_is_heard() {
    let (mut house, [lin, mei]) = Teahouse::with_people(["lin", "mei"]).await;
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
async fn whoever_types_while_the_server_is_away_is_not_kept_waiting() {
    let (mut house, [lin]) = Teahouse::with_people(["lin"]).await;
    let mut his = Terminal::of(&lin, &[]);
    his.expect("You are in").await;
    house.kill9();
    his.expect("Connection lost").await;
    his.type_line("/who").await;
    his.expect("Not connected").await;
    his.type_line("for later").await;
    his.type_line("/quit").await;
    let end = his.end().await;
    assert_eq!(end.code, Some(1), "something said may be lost: {end:?}");
    assert_eq!(end.complaint.lines().count(), 1, "{end:?}");
}
