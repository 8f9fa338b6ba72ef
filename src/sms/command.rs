//! A program that sends messages. Number and text reach it by its standard input: arguments can be seen by others.

use std::io::Write;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Message, Sender};
use crate::error::{Error, Result};

/// How often it is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Where it finds other programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a program for each message.
pub struct Command {
    /// Its path.
    pub program: String,
    /// A program that takes longer is ended.
    pub timeout: Duration,
}

impl Sender for Command {
    fn send(&self, message: &Message) -> Result<()> {
        let fault = |what: &str| Error::Unavailable(format!("the program sms.command {what}"));
        let mut command = std::process::Command::new(&self.program);
        // It needs none of our secrets.
        command
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|_| fault("cannot be started"))?;
        if let Some(mut input) = child.stdin.take() {
            let code = message.code.as_deref().unwrap_or_default();
            // One that reads nothing has its reasons, and says so by how it ends.
            let _ = writeln!(input, "{}\n{code}\n{}", message.number, message.text);
        }
        match ended(&mut child, self.timeout) {
            Some(true) => Ok(()),
            Some(false) => Err(fault("failed")),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(fault("took too long"))
            }
        }
    }
}

/// Whether it ended well, if it did in time.
fn ended(child: &mut Child, timeout: Duration) -> Option<bool> {
    let deadline = Instant::now() + timeout;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < deadline => sleep(PAUSE),
            Ok(None) => return None,
            Err(_) => return Some(false),
        }
    }
}
