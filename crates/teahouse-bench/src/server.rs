//! Servers as child processes, so that their cost is counted separately.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::Process;

/// A server, which is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    /// `None` when it ran before.
    child: Option<Child>,
}

impl Server {
    /// Starts a server that prints the address on which it listens; its log goes to a file in the folder.
    pub(crate) fn start(command: &mut Command, folder: &Path) -> Result<Self> {
        let mut child = spawn(command, folder)?;
        let output = child.stdout.take().map(BufReader::new);
        let mut lines = output
            .into_iter()
            .flat_map(BufRead::lines)
            .map_while(|line| line.ok());
        let address = lines.find_map(|line| {
            let (_, address) = line.split_once("listening on http://")?;
            address.parse().ok()
        });
        let mut server = Self {
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            process: Process { pid: child.id() },
            child: Some(child),
        };
        match address {
            Some(address) => {
                server.address = address;
                Ok(server)
            }
            None => bail!(
                "a server did not start; its log ends with: {}",
                last_log_line(folder)
            ),
        }
    }

    /// Refers to a server that already runs. Its cost is known only if it is on this machine.
    pub(crate) fn running(address: SocketAddr) -> Self {
        let found = Process::listening_on(address.port()).filter(|_| address.ip().is_loopback());
        Self {
            address,
            process: found.unwrap_or(Process { pid: 0 }),
            child: None,
        }
    }

    /// Starts another program, whose argument is the port to listen on.
    pub(crate) fn start_other(program: &Path, folder: &Path) -> Result<Self> {
        // The port is free again when the listener is dropped.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .arg(address.port().to_string())
            .env("RAW_BATCH", "1");
        let child = spawn(&mut command, folder)?;
        let server = Self {
            address,
            process: Process { pid: child.id() },
            child: Some(child),
        };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return Ok(server);
            }
            sleep(Duration::from_millis(20));
        }
        bail!("{} does not listen", program.display())
    }

    /// Sends SIGTERM and waits for the end of the process.
    pub(crate) fn stop(mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).context("a server cannot be stopped")?;
        }
        child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn spawn(command: &mut Command, folder: &Path) -> Result<Child> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .context("a server cannot be started")
}

fn last_log_line(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
    log.lines().last().unwrap_or("nothing").to_owned()
}
