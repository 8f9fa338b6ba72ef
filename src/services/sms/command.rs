//! Sends messages by running a program. Number and text are passed on standard input, because other users of the machine
//! can read a process's arguments.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{SmsMessage, SmsSender};
use crate::error::{Error, Result};

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The program's `PATH`.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a program once per message.
pub struct CommandSender {
    /// Path of the program.
    pub program: String,
    /// Time after which the program is killed.
    pub timeout: Duration,
}

impl SmsSender for CommandSender {
    fn send(&self, message: &SmsMessage) -> Result<()> {
        let failure = |what: &str| Error::Unavailable(format!("the program sms.command {what}"));
        let mut command = Command::new(&self.program);
        // The server's environment contains secrets.
        command
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|_| failure("cannot be started"))?;
        if let Some(mut input) = child.stdin.take() {
            let code = message.code.as_deref().unwrap_or_default();
            // A program may exit without reading its input; its exit status decides.
            let _ = writeln!(input, "{}\n{code}\n{}", message.number, message.text);
        }
        match wait(&mut child, self.timeout) {
            Some(true) => Ok(()),
            Some(false) => Err(failure("failed")),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err(failure("timed out"))
            }
        }
    }
}

/// Returns whether the program succeeded, or `None` when it is still running after `timeout`.
fn wait(child: &mut Child, timeout: Duration) -> Option<bool> {
    let deadline = Instant::now() + timeout;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < deadline => sleep(POLL_INTERVAL),
            Ok(None) => return None,
            Err(_) => return Some(false),
        }
    }
}
