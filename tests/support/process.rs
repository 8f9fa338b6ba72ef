//! Processes of the server: starting, running to completion, and signals.

use super::words;
use socket2::{Domain, Socket, Type};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The result of a command.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Outcome {
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert!(self.status.success(), "{self:?}");
        self
    }

    /// Asserts exit code 1.
    #[track_caller]
    pub fn expect_failure(self) -> Self {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        self
    }
}

/// Reserves a port with a socket that never listens, so that it stays free while the server restarts.
pub(super) struct Port(Socket);

impl Port {
    pub(super) fn reserve() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_reuse_address(true).expect("an option");
        socket.bind(&address.into()).expect("a free port");
        Self(socket)
    }

    pub(super) fn number(&self) -> String {
        let address = self.0.local_addr().ok().and_then(|own| own.as_socket());
        address.expect("an address").port().to_string()
    }
}

pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal, by its name, to a process.
pub fn signal(name: &str, pid: u32) {
    // The shell's builtin: /bin/kill is not installed everywhere.
    let done = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -{name} {pid}"))
        .status();
    assert!(done.is_ok_and(|status| status.success()));
}

/// Environment variables: a setting such as `throttle.enabled` becomes `TEAHOUSE__THROTTLE__ENABLED`.
pub(super) fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let variable = |key: &str| match key.contains('.') {
        true => format!("TEAHOUSE__{}", key.to_uppercase().replace('.', "__")),
        false => key.to_owned(),
    };
    let pairs = settings.iter();
    let pairs = pairs.map(|(key, value)| (variable(key), (*value).to_owned()));
    pairs.collect()
}

pub(super) fn program(settings: &[(String, String)]) -> Command {
    // Long tests may use a release build.
    let built = env!("CARGO_BIN_EXE_teahouse").into();
    let mut command = Command::new(std::env::var_os("TEAHOUSE_TEST_PROGRAM").unwrap_or(built));
    for (key, _) in std::env::vars() {
        let others = "DATABASE_URL HOST PORT PUBLIC_ORIGIN DATA_DIR REDIS_URL RUST_LOG";
        if key.starts_with("TEAHOUSE") || words(others).contains(&key.as_str()) {
            command.env_remove(key);
        }
    }
    command
        .env("TEAHOUSE_ENV", "test")
        .env("TEAHOUSE__THROTTLE__ENABLED", "false")
        .env("HOST", "127.0.0.1")
        .env("PORT", "0")
        .envs(settings.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(super) fn serve(
    folder: &TempDir,
    database: &str,
    settings: &[(String, String)],
    port: &str,
    log: &Arc<Mutex<Vec<String>>>,
) -> (Process, String) {
    let mut command = program(&[]);
    command
        .env("DATABASE_URL", database)
        .env("DATA_DIR", folder.path())
        .env("PORT", port);
    command.envs(settings.iter().map(|(key, value)| (key, value)));
    let mut child = command.spawn().expect("the program starts");
    let (sender, lines) = channel();
    collect_lines(
        child.stdout.take().expect("piped"),
        log.clone(),
        sender.clone(),
    );
    collect_lines(child.stderr.take().expect("piped"), log.clone(), sender);
    let process = Process(child);
    let url = listening_url(&lines).unwrap_or_else(|| {
        panic!(
            "the server does not start:\n{}",
            log.lock().expect("no panic").join("\n")
        )
    });
    (process, url)
}

/// Keeps reading, so that the server never blocks on a full pipe.
fn collect_lines(
    stream: impl Read + Send + 'static,
    log: Arc<Mutex<Vec<String>>>,
    sender: Sender<String>,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line.clone());
            log.lock().expect("no panic").push(line);
        }
    });
}

fn listening_url(lines: &Receiver<String>) -> Option<String> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        let line = lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .ok()?;
        if let Some((_, address)) = line.split_once("listening on ") {
            let address: String = address
                .chars()
                .take_while(|c| !c.is_whitespace() && *c != '\u{1b}')
                .collect();
            return Some(address.trim_end_matches('/').to_owned());
        }
    }
}

pub(super) fn run(
    args: &[&str],
    settings: &[(String, String)],
    folder: &std::path::Path,
    input: &str,
) -> Outcome {
    let started = Instant::now();
    let mut child = program(settings)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The process may have exited without reading its input.
    let _ = child
        .stdin
        .take()
        .expect("piped")
        .write_all(input.as_bytes());
    let (stdout, stderr) = (
        read_to_end(child.stdout.take()),
        read_to_end(child.stderr.take()),
    );
    let status = wait(&mut child, START_TIMEOUT);
    if status.is_none() {
        let _ = child.kill();
    }
    let text = |reader: std::thread::JoinHandle<String>| reader.join().expect("no panic");
    let (stdout, stderr) = (text(stdout), text(stderr));
    let status = status.unwrap_or_else(|| panic!("{args:?} does not exit:\n{stdout}{stderr}"));
    Outcome {
        status,
        stdout,
        stderr,
        took: started.elapsed(),
    }
}

fn read_to_end(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.expect("piped").read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

pub(super) fn wait(child: &mut Child, timeout: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
