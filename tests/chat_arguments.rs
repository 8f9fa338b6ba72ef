//! `teahouse chat` in scripts: option values that begin with a hyphen, and invalid input lines.

use serde_json::json;

use crate::support::terminal::token;
use crate::support::{LOBBY, Person, Teahouse};

async fn contents(person: &Person, room: &str) -> Vec<String> {
    let history = person.history(room).await;
    let text = |content: &serde_json::Value| content.as_str().map(str::to_owned);
    let texts = history
        .iter()
        .filter_map(|message| text(&message["content"]));
    texts.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn option_values_may_begin_with_a_hyphen() {
    let (server, [lin]) = Teahouse::with_users(["lin"]).await;
    Person::register(&server, "-n").await;
    let room = lin.create_room("open", "-x", &[]).await;
    let token = token(&lin).await;
    let chat = |args: &[&str]| {
        let all = ["chat", "--url", &server.url, "--token", &token];
        let args: Vec<&str> = all.iter().chain(args).copied().collect();
        server.command_with_input(&args, "")
    };
    for args in [
        &["--say", "-n hello"][..],
        &["--say=-n"],
        &["--say", "-"],
        &["--say", "--json"],
        &["--say", "--"],
        &["--say", "-x\n--"],
        &["--room", "-x", "--say", "--room"],
        &["--to", "-n", "--say", "-h"],
    ] {
        let ended = chat(args);
        assert!(ended.status.success(), "{args:?}: {ended:?}");
    }
    let posted = ["-n hello", "-n", "-", "--json", "--", "-x\n--"];
    assert_eq!(contents(&lin, LOBBY).await, posted);
    assert_eq!(contents(&lin, &room).await, ["--room"]);
    assert_eq!(lin.rooms().await.len(), 3);
    // A username argument may begin with a hyphen too.
    server
        .command_with_input(&["user", "ban", "-n"], "")
        .expect_success();
    let ended = chat(&["--phone", "-1", "--help"]);
    assert!(ended.stdout.contains("Usage"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn script_lines_that_are_not_objects_are_reported_and_not_sent() {
    let (server, [lin, mei]) = Teahouse::with_users(["lin", "mei"]).await;
    let token = token(&lin).await;
    let args = ["chat", "--url", &server.url, "--token", &token, "--json"];
    for stray in [
        "Segmentation fault (core dumped)",
        "hello",
        "[1, 2]",
        r#"[{"type":"post","content":"x"}]"#,
        "42",
        "-1e9",
        "true",
        "null",
        r#""post""#,
        "{",
        r#"{"type":"post","content":"x""#,
        r#"{"type":"post","content":"x"} trailing"#,
        "{'type':'post','content':'x'}",
        r#"{"content":"no type"}"#,
        r#"{"type":7,"content":"x"}"#,
        "//etc/passwd",
        "/to mei a secret",
        "/dance",
        "/history 0",
        "\u{feff}{}",
    ] {
        let post = json!({"type": "post", "content": format!("after {stray}")});
        let ended = server.command_with_input(&args, &format!("{stray}\n{post}\n"));
        assert_eq!(ended.status.code(), Some(1), "{stray}: {ended:?}");
        assert!(!ended.stderr.is_empty(), "{stray}: {ended:?}");
        let repeats = stray.len() > 8 && ended.stderr.contains(stray);
        assert!(!repeats, "{stray}: {ended:?}");
        let frames: Vec<serde_json::Value> = (ended.stdout.lines())
            .map(|line| serde_json::from_str(line).expect("one JSON object per line"))
            .collect();
        let error = frames.iter().find(|frame| frame["type"] == "error");
        assert_eq!(error.expect("an error")["code"], "bad_frame", "{stray}");
        let posted = contents(&lin, LOBBY).await;
        let expected = format!("after {stray}");
        assert_eq!(posted.last(), Some(&expected), "the next line is read");
        let all_match = posted.iter().all(|text| text.starts_with("after "));
        assert!(all_match, "{posted:?}");
    }
    let found = mei.rooms().await.len();
    assert_eq!(found, 1, "no direct conversation was opened");
    // Empty lines and commands that post nothing are valid.
    let ended = server.command_with_input(&args, "\n  \n/rooms\n");
    let is_success = ended.status.success() && ended.stderr.is_empty();
    assert!(is_success, "{ended:?}");
}
