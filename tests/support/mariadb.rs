//! A MariaDB server of a single test, which may stop, kill and suspend it.

use super::database;
use super::process::signal;
use diesel::{Connection, MysqlConnection};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PASSWORD: &str = "tests";
/// Small files, because they are copied for each server.
const SIZE_OPTIONS: [&str; 2] = [
    "--innodb-log-file-size=8M",
    "--innodb-data-file-path=ibdata1:4M:autoextend",
];
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A server with its own data directory.
pub struct MariaDb {
    /// `mysql://root:<password>@127.0.0.1:<port>`
    pub url: String,
    /// The port it listens on.
    pub port: u16,
    arguments: Vec<&'static str>,
    process: Child,
    files: PathBuf,
    folder: TempDir,
}

impl MariaDb {
    /// Starts a server; `None` when the tests run on SQLite or MariaDB is not installed.
    pub fn start() -> Option<Self> {
        Self::start_in(None)
    }

    /// Like `start`, with its files in an existing folder.
    pub fn start_in(folder: Option<&Path>) -> Option<Self> {
        Self::start_with(folder, &[])
    }

    /// Like `start_in`, with additional arguments.
    pub fn start_with(folder: Option<&Path>, arguments: &[&'static str]) -> Option<Self> {
        database::required_mysql()?;
        if run("mariadbd", &["--version"]).is_none() {
            println!("SKIPPED: there is no mariadbd on this machine");
            return None;
        }
        let own = TempDir::new().expect("a folder");
        let files = folder.unwrap_or(own.path()).join("files");
        copy(&template(), &files);
        let port = free_port();
        let process = launch(&files, own.path(), port, arguments);
        let mariadb = Self {
            arguments: arguments.to_vec(),
            url: format!("mysql://root:{PASSWORD}@127.0.0.1:{port}"),
            port,
            process,
            files,
            folder: own,
        };
        mariadb.wait();
        Some(mariadb)
    }

    /// Kills it without a shutdown.
    pub fn kill(&mut self) {
        self.process.kill().expect("it was running");
        self.process.wait().expect("it ended");
    }

    /// Stops it with SIGTERM.
    pub fn stop(&mut self) {
        signal("TERM", self.process.id());
        self.process.wait().expect("it ended");
    }

    /// Starts it again on the same port and waits until it responds.
    pub fn restart(&mut self) {
        self.process = launch(&self.files, self.folder.path(), self.port, &self.arguments);
        self.wait();
    }

    /// Suspends it with SIGSTOP.
    pub fn hang(&self) {
        signal("STOP", self.process.id());
    }

    /// Resumes it.
    pub fn resume(&self) {
        signal("CONT", self.process.id());
    }

    fn wait(&self) {
        let deadline = Instant::now() + START_TIMEOUT;
        let url = format!("{}/information_schema", self.url);
        loop {
            // libmariadb would wait forever for a server that is about to exit.
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && MysqlConnection::establish(&url).is_ok()
            {
                return;
            }
            let log = fs::read_to_string(self.files.join("server.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "MariaDB does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `temporary` is for its temporary files: at start, a server deletes those of all others that use the same folder.
fn launch(files: &Path, temporary: &Path, port: u16, arguments: &[&str]) -> Child {
    let init = files.join("init.sql");
    let sql = format!(
        "CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n\
         GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n"
    );
    fs::write(&init, sql).expect("written");
    let log = fs::File::create(files.join("server.log")).expect("a file");
    Command::new("mariadbd")
        .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1"])
        .args(["--skip-name-resolve", "--skip-ssl", "--socket=server.sock"])
        .args(["--character-set-server=utf8mb4", "--max-connections=200"])
        .args([
            "--innodb-flush-log-at-trx-commit=1",
            "--innodb-buffer-pool-size=16M",
        ])
        .args(SIZE_OPTIONS)
        .args(arguments)
        .arg(format!("--datadir={}", files.display()))
        .arg(format!("--tmpdir={}", temporary.display()))
        .arg(format!("--pid-file={}", files.join("server.pid").display()))
        .arg(format!("--init-file={}", init.display()))
        .arg(format!("--port={port}"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file"))
        .stderr(log)
        .spawn()
        .expect("mariadbd starts")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    done.status.success().then_some(text)
}

/// Returns the files of a new server, made once and kept for later runs.
fn template() -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _turn = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let version = run("mariadbd", &["--version"]).expect("a version");
    let version: String = version
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kept = root.join(format!("mariadb-{version}"));
    if kept.is_dir() {
        return kept;
    }
    let draft = TempDir::new_in(root).expect("a folder");
    let files = draft.path().join("files");
    let datadir = format!("--datadir={}", files.display());
    let fixed = ["--no-defaults", "--user=root", "--skip-test-db", &datadir];
    let arguments: Vec<&str> = fixed.into_iter().chain(SIZE_OPTIONS).collect();
    run("mariadb-install-db", &arguments).expect("mariadb-install-db works");
    // A concurrent run may have made the same files.
    let _ = fs::rename(&files, &kept);
    kept
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}
