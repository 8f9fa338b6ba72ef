//! Messages to phones. What carries them is a [`Sender`]; nobody waits for it.

mod aliyun;
mod command;
mod http;
mod log;
mod twilio;
mod webhook;

pub use self::aliyun::{Aliyun, Templates as AliyunTemplates};
pub use self::command::Command;
pub use self::log::Log;
pub use self::twilio::Twilio;
pub use self::webhook::Webhook;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::Result;
use crate::error::outage::SMS;

/// So many messages are carried at the same time.
const AT_ONCE: usize = 4;
/// So many may wait.
const QUEUE: usize = 64;

/// A message on its way. `Debug` hides it.
#[derive(Clone)]
pub struct Message {
    /// To whom, as E.164.
    pub number: String,
    /// What it says, in the person's language.
    pub text: String,
    /// The code in it, if there is one.
    pub code: Option<String>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message([secret])")
    }
}

/// Carries messages.
pub trait Sender: Send + Sync {
    /// Hands a message over; blocks, but not for ever.
    ///
    /// # Errors
    /// `Unavailable` with a sentence for the log: never with the number, the text, or a secret.
    fn send(&self, message: &Message) -> Result<()>;

    /// What was sent to a number last, where a page shows it: only while developing.
    fn shown(&self, _number: &str) -> Option<String> {
        None
    }
}

/// Where messages are left to be carried. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    sender: Arc<dyn Sender>,
    queue: Arc<Semaphore>,
    permits: Arc<Semaphore>,
}

impl Outbox {
    /// With this sender behind it.
    pub fn new(sender: Arc<dyn Sender>) -> Self {
        Self {
            sender,
            queue: Arc::new(Semaphore::new(AT_ONCE + QUEUE)),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Carries a message later: whoever asks for one learns nothing from how long that takes.
    pub fn post(&self, message: Message) {
        let Ok(place) = self.queue.clone().try_acquire_owned() else {
            tracing::warn!("too many messages wait to be sent: one is lost");
            return;
        };
        let outbox = self.clone();
        tokio::spawn(async move {
            let _place = place;
            let Ok(permit) = outbox.permits.clone().acquire_owned().await else {
                return;
            };
            let sent = spawn_blocking(move || {
                let _permit = permit;
                outbox.sender.send(&message)
            });
            let sent = sent.await;
            if let Ok(sent) = &sent {
                SMS.record(sent);
            }
            match sent {
                Ok(Ok(())) => tracing::info!("a message was sent"),
                Ok(Err(error)) if SMS.is_active() => {
                    tracing::debug!(%error, "a message could not be sent")
                }
                Ok(Err(error)) => tracing::warn!(%error, "a message could not be sent"),
                Err(_) => tracing::error!("the sender of messages broke"),
            }
        });
    }

    /// See [`Sender::shown`].
    pub fn shown(&self, number: &str) -> Option<String> {
        self.sender.shown(number)
    }
}
