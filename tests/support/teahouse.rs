//! The server, started as a process on its own database.

use super::process::{Outcome, Port, Process, owned, program, run, serve, signal, wait};
use super::{Database, pairs};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A running server. Dropping it kills it.
pub struct Teahouse {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    // Killed first, and dropped before the database.
    process: Process,
    settings: Vec<(String, String)>,
    _port: Port,
    pub(super) database: Arc<Database>,
    folder: Arc<TempDir>,
    log: Arc<Mutex<Vec<String>>>,
}

/// Number of log lines printed when a test fails.
const LAST_LINES: usize = 40;

impl Drop for Teahouse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let last = &log[log.len().saturating_sub(LAST_LINES)..];
            println!("the last log lines:\n{}", last.join("\n"));
        }
    }
}

impl Teahouse {
    /// Starts a server with the tests' settings, without rate limits.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Like `start`, with additional environment variables.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        let database = Database::new(folder.path());
        Self::in_folder(folder, Arc::new(database), owned(settings))
    }

    /// Like `start`, with settings such as `throttle.enabled=true`, separated by white space.
    pub fn configured(settings: &str) -> Self {
        Self::with(&pairs(settings))
    }

    /// Starts a server on this database, with additional environment variables.
    pub fn on(database: Database, settings: &[(&str, &str)]) -> Self {
        let folder = Arc::new(TempDir::new().expect("a folder"));
        Self::in_folder(folder, Arc::new(database), owned(settings))
    }

    /// Starts another server on the same database and folder.
    pub fn second_server(&self) -> Self {
        self.second_server_with(&[])
    }

    /// Like `second_server`, with additional environment variables.
    pub fn second_server_with(&self, settings: &[(&str, &str)]) -> Self {
        let mut all = self.settings.clone();
        all.extend(owned(settings));
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

    /// Kills it without a shutdown.
    pub fn kill(&mut self) {
        self.process.0.kill().expect("it was running");
        self.process.0.wait().expect("it ended");
    }

    /// Starts it again on the same port and database.
    pub fn restart(&mut self) {
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

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        signal("TERM", self.pid());
    }

    /// Waits for the exit; `None` after `timeout`.
    pub fn wait_for_exit(&mut self, timeout: Duration) -> Option<ExitStatus> {
        wait(&mut self.process.0, timeout)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Resident memory, in KiB.
    pub fn memory_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Peak resident memory, in KiB.
    pub fn peak_memory_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// A number in the process's status.
    fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = std::fs::read_to_string(path).expect("Linux");
        let line = status.lines().find(|line| line.starts_with(field));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|n| n.parse().ok()).expect("a number")
    }

    /// The data directory.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Returns all lines that it has logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic").clone()
    }

    /// Waits until the log contains this text.
    pub async fn expect_in_log(&self, text: &str) {
        let has_line = async || self.log().iter().any(|line| line.contains(text));
        super::until(&format!("the log contains {text}"), has_line).await;
    }

    /// Runs another command on this server's database and folder.
    pub fn command(&self, args: &[&str]) -> Outcome {
        self.command_with_input(args, "")
    }

    /// Like `command`, with standard input.
    pub fn command_with_input(&self, args: &[&str], input: &str) -> Outcome {
        let mut settings = self.settings.clone();
        settings.push(("DATABASE_URL".to_owned(), self.database.url.clone()));
        settings.push((
            "DATA_DIR".to_owned(),
            self.folder.path().display().to_string(),
        ));
        run(args, &settings, self.folder.path(), input)
    }

    /// Returns each route, with 1 (the Lobby's id) for each path parameter.
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

    /// Starts a command without waiting for it; discards its output.
    pub fn spawn(args: &[&str], settings: &[(&str, &str)], folder: &std::path::Path) -> Child {
        let mut command = program(&owned(settings));
        command.args(args).current_dir(folder);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// Runs a command in this folder and environment.
    pub fn run(args: &[&str], settings: &[(&str, &str)], folder: &std::path::Path) -> Outcome {
        run(args, &owned(settings), folder, "")
    }
}
