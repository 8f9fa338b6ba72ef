//! Sends text messages through a configurable [`SmsSender`], in the background.

mod aliyun;
mod command;
mod log;
mod twilio;
mod webhook;

pub use self::aliyun::{AliyunSender, AliyunTemplates};
pub use self::command::CommandSender;
pub use self::log::LogSender;
pub use self::twilio::TwilioSender;
pub use self::webhook::WebhookSender;

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::Result;
use crate::error::outage::SMS;

const MAX_CONCURRENT: usize = 4;
const MAX_QUEUED: usize = 64;

/// A text message. `Debug` hides its content.
#[derive(Clone)]
pub struct SmsMessage {
    /// The recipient's number in E.164 form.
    pub number: String,
    /// The text in the recipient's language.
    pub text: String,
    /// The code contained in the text, if any.
    pub code: Option<String>,
}

impl fmt::Debug for SmsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsMessage([secret])")
    }
}

/// A way to send text messages.
pub trait SmsSender: Send + Sync {
    /// Sends a message. Blocks, at most for the configured timeout.
    ///
    /// # Errors
    /// `Unavailable` with a cause for the log that contains neither number, text nor secrets.
    fn send(&self, message: &SmsMessage) -> Result<()>;

    /// Returns the text last sent to a number. Only the development sender keeps it.
    fn last_text(&self, _number: &str) -> Option<String> {
        None
    }
}

/// A bounded queue of messages that are sent in the background. Cheap to clone.
#[derive(Clone)]
pub struct SmsQueue {
    sender: Arc<dyn SmsSender>,
    queued: Arc<Semaphore>,
    sending: Arc<Semaphore>,
}

impl SmsQueue {
    /// Creates an empty queue.
    pub fn new(sender: Arc<dyn SmsSender>) -> Self {
        Self {
            sender,
            queued: Arc::new(Semaphore::new(MAX_CONCURRENT + MAX_QUEUED)),
            sending: Arc::new(Semaphore::new(MAX_CONCURRENT)),
        }
    }

    /// Queues a message and returns at once, so that response times do not reveal whether one is sent. Drops the message
    /// when the queue is full.
    pub fn enqueue(&self, message: SmsMessage) {
        let Ok(slot) = self.queued.clone().try_acquire_owned() else {
            tracing::warn!("SMS queue is full; dropping a text message");
            return;
        };
        let queue = self.clone();
        tokio::spawn(async move {
            let _slot = slot;
            let Ok(permit) = queue.sending.clone().acquire_owned().await else {
                return;
            };
            let sent = spawn_blocking(move || {
                let _permit = permit;
                queue.sender.send(&message)
            });
            let sent = sent.await;
            if let Ok(sent) = &sent {
                SMS.record(sent);
            }
            match sent {
                Ok(Ok(())) => tracing::info!("SMS sent"),
                Ok(Err(error)) if SMS.is_active() => tracing::debug!(%error, "cannot send SMS"),
                Ok(Err(error)) => tracing::warn!(%error, "cannot send SMS"),
                Err(_) => tracing::error!("SMS sender panicked"),
            }
        });
    }

    /// Returns the text last sent to a number, in development.
    pub fn last_text(&self, number: &str) -> Option<String> {
        self.sender.last_text(number)
    }
}
