//! The development sender: writes messages to the server's log instead of sending them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{SmsMessage, SmsSender};
use crate::error::Result;

/// Number of messages kept for the verification page.
const MAX_KEPT: usize = 100;

/// Logs messages and keeps the latest ones for the verification page.
#[derive(Default)]
pub struct LogSender {
    /// (number, text), newest first.
    latest: Mutex<VecDeque<(String, String)>>,
}

impl SmsSender for LogSender {
    fn send(&self, message: &SmsMessage) -> Result<()> {
        // The only log line that may contain a code: this sender is rejected in production.
        tracing::warn!("DEVELOPMENT ONLY, SMS not sent: {}", message.text);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.push_front((message.number.clone(), message.text.clone()));
        latest.truncate(MAX_KEPT);
        Ok(())
    }

    fn last_text(&self, number: &str) -> Option<String> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, text) = latest.iter().find(|(to, _)| to == number)?;
        Some(text.clone())
    }
}
