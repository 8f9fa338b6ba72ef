//! Servers as processes of their own, so that what they cost is counted apart.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::process::Process;
use crate::error::{Error, Result};

/// A server that runs until this is dropped.
pub(super) struct Server {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What it costs.
    pub(super) process: Process,
    child: Child,
}

impl Server {
    /// This program as a server that says where it listens; what it logs goes to a file in the folder.
    ///
    /// # Errors
    /// `Unavailable` when it does not begin to serve.
    pub(super) fn start(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> Result<Self> {
        let program = std::env::current_exe().map_err(Error::internal)?;
        let mut command = Command::new(program);
        command.args(words).envs(variables.iter().copied());
        Self::spawn(command, folder)
    }

    /// Another program that listens on a port of this machine and says nothing.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be started.
    pub(super) fn start_other(folder: &Path, program: &Path) -> Result<Self> {
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(Error::internal)?;
        let address = listener.local_addr().map_err(Error::internal)?;
        drop(listener);
        let mut command = Command::new(program);
        command
            .arg(address.port().to_string())
            .env("RAW_BATCH", "1");
        let child = spawn(&mut command, folder)?;
        let process = Process { pid: child.id() };
        let server = Self {
            address,
            process,
            child,
        };
        for _ in 0..100 {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(server);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Err(Error::Unavailable(format!(
            "{} does not listen",
            program.display()
        )))
    }

    fn spawn(mut command: Command, folder: &Path) -> Result<Self> {
        let mut child = spawn(&mut command, folder)?;
        let output = child.stdout.take().map(BufReader::new);
        let mut lines = output
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(|line| line.ok());
        let address = lines.find_map(|line| {
            let (_, address) = line.split_once("listening on http://")?;
            address.parse().ok()
        });
        let process = Process { pid: child.id() };
        match address {
            Some(address) => Ok(Self {
                address,
                process,
                child,
            }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(Error::Unavailable(format!(
                    "a server did not start; its log ends with: {}",
                    last_line(folder)
                )))
            }
        }
    }

    /// Ends it as an admin would, and waits.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be told.
    pub(super) fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).map_err(|error| {
                Error::Unavailable(format!("a server cannot be stopped: {error}"))
            })?;
        }
        self.child.wait().map_err(Error::internal)?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command, folder: &Path) -> Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))
        .map_err(Error::internal)?;
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|error| Error::Unavailable(format!("a server cannot be started: {error}")))
}

fn last_line(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    log.lines().last().unwrap_or("nothing").to_owned()
}
