//! The server's log instead of a phone: while developing.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{Message, Sender};
use crate::error::Result;

/// So many messages are remembered for the page that shows them.
const REMEMBERED: usize = 100;

/// Writes messages into the log, and lets a page show them.
#[derive(Default)]
pub struct Log {
    latest: Mutex<VecDeque<(String, String)>>,
}

impl Sender for Log {
    fn send(&self, message: &Message) -> Result<()> {
        // The one place where a code may be in a log: nobody's phone is behind it.
        tracing::warn!(
            "DEVELOPMENT ONLY, a message that no phone gets: {}",
            message.text
        );
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.push_front((message.number.clone(), message.text.clone()));
        latest.truncate(REMEMBERED);
        Ok(())
    }

    fn shown(&self, number: &str) -> Option<String> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut theirs = latest.iter().filter(|(to, _)| to == number);
        theirs.next().map(|(_, text)| text.clone())
    }
}
