//! A running `teahouse chat`.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::person::PASSWORD;
use super::{Person, TIMEOUT};

/// The process and the lines it has written.
pub struct Terminal {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
}

/// The outcome of the process.
#[derive(Debug)]
pub struct Exit {
    pub code: Option<i32>,
    pub lines: Vec<String>,
    pub stderr: String,
}

/// Returns `teahouse chat` with an empty environment.
pub fn command(url: &str, args: &[&str]) -> Command {
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
    pub fn start(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("piped");
        Self {
            input: child.stdin.take(),
            output: BufReader::new(output).lines(),
            child,
            seen: Vec::new(),
        }
    }

    /// Starts it with the phone number and password of a person.
    pub fn of(person: &Person, args: &[&str]) -> Self {
        let mut command = command(&person.url, &["--phone", &person.phone]);
        command.args(args).env("TEAHOUSE_PASSWORD", PASSWORD);
        Self::start(command)
    }

    pub async fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open");
        let line = format!("{line}\n");
        input.write_all(line.as_bytes()).await.expect("it reads");
    }

    /// Returns the next line that contains `text`.
    pub async fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
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

    /// Returns the next frame of this type.
    pub async fn frame(&mut self, kind: &str) -> Value {
        let line = self.expect(&format!(r#""type":"{kind}""#)).await;
        serde_json::from_str(&line).expect("JSON")
    }

    /// Returns the next frame of each type, in whatever order they arrive.
    pub async fn frames<const N: usize>(&mut self, kinds: [&str; N]) -> [Value; N] {
        let mut found = [const { Value::Null }; N];
        while found.contains(&Value::Null) {
            let line = self.expect(r#""type":"#).await;
            let frame: Value = serde_json::from_str(&line).expect("JSON");
            let place = kinds.iter().position(|kind| frame["type"] == *kind);
            if let Some(place) = place.filter(|place| found[*place].is_null()) {
                found[place] = frame;
            }
        }
        found
    }

    /// Closes the input, reads the rest of the output, and waits for the exit.
    pub async fn end(mut self) -> Exit {
        drop(self.input.take());
        let rest = async {
            while let Ok(Some(line)) = self.output.next_line().await {
                self.seen.push(line);
            }
            let mut stderr = String::new();
            let errors = self.child.stderr.as_mut().expect("piped");
            errors.read_to_string(&mut stderr).await.expect("text");
            (self.child.wait().await.expect("it ends").code(), stderr)
        };
        let (code, stderr) = timeout(TIMEOUT, rest).await.expect("it ends");
        Exit {
            code,
            lines: self.seen,
            stderr,
        }
    }
}

/// Returns a new token for the API.
pub async fn token(person: &Person) -> String {
    let credentials = json!({"phone": person.phone, "password": PASSWORD});
    let (status, body) = person.post_json("/api/login", &credentials).await;
    assert_eq!(status, 200, "{body}");
    body["token"].as_str().expect("a token").to_owned()
}
