//! The real program, started as its own process on a database of its own.

use super::Database;
use socket2::{Domain, Socket, Type};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const START: Duration = Duration::from_secs(60);

/// A running program. Dropping it kills it.
pub struct Teahouse {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    // Killed first, dropped before the database is.
    process: Process,
    settings: Vec<(String, String)>,
    _port: Port,
    pub(super) database: Arc<Database>,
    folder: Arc<TempDir>,
    log: Arc<Mutex<Vec<String>>>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// A port that nobody else is given, even while the program that listens there is started again: a socket that never
/// listens holds it.
struct Port(Socket);

impl Port {
    fn reserve() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_reuse_address(true).expect("an option");
        socket.bind(&address.into()).expect("a free port");
        Self(socket)
    }

    fn number(&self) -> String {
        let address = self.0.local_addr().ok().and_then(|own| own.as_socket());
        address.expect("an address").port().to_string()
    }
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// So many lines of its log are shown when a test fails.
const LAST_LINES: usize = 40;

impl Drop for Teahouse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let last = &log[log.len().saturating_sub(LAST_LINES)..];
            println!("the program said at last:\n{}", last.join("\n"));
        }
    }
}

impl Teahouse {
    /// With the settings of the tests, throttles off.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With these environment variables too.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let database = Database::new(folder.path());
        Self::in_folder(folder, Arc::new(database), own(settings))
    }

    /// On a database that the test has made, with these environment variables too.
    pub fn on(database: Database, settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        Self::in_folder(folder, Arc::new(database), own(settings))
    }

    /// Another server on the same database and folder.
    pub fn beside(&self) -> Self {
        self.beside_with(&[])
    }

    /// Another server on the same database and folder, with these environment variables too.
    pub fn beside_with(&self, settings: &[(&str, &str)]) -> Self {
        let mut all = self.settings.clone();
        all.extend(own(settings));
        Self::in_folder(self.folder.clone(), self.database.clone(), all)
    }

    fn in_folder(
        folder: Arc<TempDir>,
        database: Arc<Database>,
        settings: Vec<(String, String)>,
    ) -> Self {
        let log = Arc::default();
        let port = Port::reserve();
        let (process, url) = serve(&folder, &database.url, &settings, &port.number(), &log);
        Self {
            url,
            process,
            settings,
            _port: port,
            database,
            folder,
            log,
        }
    }

    /// `127.0.0.1:<port>`
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// As a power cut would end it.
    pub fn kill9(&mut self) {
        self.process.0.kill().expect("it was running");
        self.process.0.wait().expect("it ended");
    }

    /// Starts it again at the same address, on the same database.
    pub fn start_again(&mut self) {
        let port = self.host().rsplit(':').next().expect("a port").to_owned();
        let (process, url) = serve(
            &self.folder,
            &self.database.url,
            &self.settings,
            &port,
            &self.log,
        );
        assert_eq!(url, self.url);
        self.process = process;
    }

    /// Asks it to stop (SIGTERM).
    pub fn ask_to_stop(&self) {
        signal("TERM", self.pid());
    }

    /// Waits until it has ended; `None` when it has not after `patience`.
    pub fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        wait(&mut self.process.0, patience)
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Resident memory, in KiB.
    pub fn memory_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("Linux");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("VmRSS");
        line.split_whitespace()
            .nth(1)
            .and_then(|n| n.parse().ok())
            .expect("a number")
    }

    /// Where it keeps its data.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Everything it has written so far, on either stream.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    /// Another command of the program, on this one's database and folder.
    pub fn command(&self, args: &[&str]) -> Outcome {
        self.command_reading(args, "")
    }

    /// The same, with this on its standard input.
    pub fn command_reading(&self, args: &[&str], input: &str) -> Outcome {
        let mut settings = self.settings.clone();
        settings.push(("DATABASE_URL".to_owned(), self.database.url.clone()));
        settings.push((
            "DATA_DIR".to_owned(),
            self.folder.path().display().to_string(),
        ));
        run(args, &settings, self.folder.path(), input)
    }

    /// Every route of the program, with places for ids filled in: the Lobby's.
    pub fn routes(&self) -> Vec<(reqwest::Method, String)> {
        let list = self.command(&["routes"]);
        assert!(list.status.success(), "{list:?}");
        let route = |line: &str| {
            let (method, path) = line.split_once(char::is_whitespace).expect("METHOD /path");
            let path: Vec<_> = path
                .trim()
                .split('/')
                .map(|part| if part.starts_with('{') { "1" } else { part })
                .collect();
            (method.parse().expect("a method"), path.join("/"))
        };
        list.stdout
            .lines()
            .filter(|line| line.contains(" /"))
            .map(route)
            .collect()
    }

    /// Starts a command of the program and does not wait for it; its output is thrown away.
    pub fn spawn(args: &[&str], settings: &[(&str, &str)], folder: &std::path::Path) -> Child {
        let mut command = program(&own(settings));
        command.args(args).current_dir(folder);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// A command of the program in a folder and an environment of its own.
    pub fn run(args: &[&str], settings: &[(&str, &str)], folder: &std::path::Path) -> Outcome {
        run(args, &own(settings), folder, "")
    }
}

/// Sends a signal, by its name, to a process of the test's own.
pub fn signal(name: &str, pid: u32) {
    // The shell's own `kill`: the program of that name is not on every machine.
    let done = Command::new("sh")
        .arg("-c")
        .arg(format!("kill -{name} {pid}"))
        .status();
    assert!(done.is_ok_and(|status| status.success()));
}

fn own(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn program(settings: &[(String, String)]) -> Command {
    // A long test may want the program as people run it.
    let built = env!("CARGO_BIN_EXE_teahouse").into();
    let mut command = Command::new(std::env::var_os("TEAHOUSE_TEST_PROGRAM").unwrap_or(built));
    for (key, _) in std::env::vars() {
        if key.starts_with("TEAHOUSE")
            || [
                "DATABASE_URL",
                "HOST",
                "PORT",
                "PUBLIC_ORIGIN",
                "DATA_DIR",
                "REDIS_URL",
                "RUST_LOG",
            ]
            .contains(&key.as_str())
        {
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

fn serve(
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
    let (tell, lines) = channel();
    follow(
        child.stdout.take().expect("piped"),
        log.clone(),
        tell.clone(),
    );
    follow(child.stderr.take().expect("piped"), log.clone(), tell);
    let process = Process(child);
    let url = address(&lines).unwrap_or_else(|| {
        panic!(
            "it does not serve:\n{}",
            log.lock().expect("no panic").join("\n")
        )
    });
    (process, url)
}

/// Keeps reading, so that the program never waits for us.
fn follow(stream: impl Read + Send + 'static, log: Arc<Mutex<Vec<String>>>, tell: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = tell.send(line.clone());
            log.lock().expect("no panic").push(line);
        }
    });
}

fn address(lines: &Receiver<String>) -> Option<String> {
    let deadline = Instant::now() + START;
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

fn run(
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
    // One that reads nothing may have ended by now.
    let _ = child
        .stdin
        .take()
        .expect("piped")
        .write_all(input.as_bytes());
    let (stdout, stderr) = (slurp(child.stdout.take()), slurp(child.stderr.take()));
    let status = wait(&mut child, START);
    if status.is_none() {
        let _ = child.kill();
    }
    let text = |reader: std::thread::JoinHandle<String>| reader.join().expect("no panic");
    let (stdout, stderr) = (text(stdout), text(stderr));
    let status = status.unwrap_or_else(|| panic!("{args:?} never ends:\n{stdout}{stderr}"));
    Outcome {
        status,
        stdout,
        stderr,
        took: started.elapsed(),
    }
}

fn slurp(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.expect("piped").read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + patience;
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
