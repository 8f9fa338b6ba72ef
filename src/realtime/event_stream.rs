//! Server-Sent Events: the frames of a WebSocket in one direction, resumable from a single number.
//!
//! Messages are read from the store in the order of the installation's change numbers; live notifications only trigger
//! the read. A stream resumed after any number therefore returns every later message once and in order, however many
//! rooms it covers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::error::Result;
use crate::error::outage::warn_unless_outage;
use crate::protocol::Message;
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::{CloseCode, payload};
use crate::realtime::connection::Connection;
use crate::realtime::subscriber::StreamSignal;

/// Interval of comments on an idle stream.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Delay before the store is read again after an error.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Which events a stream contains.
pub enum StreamContent {
    /// All frames that a WebSocket would receive.
    AllFrames,
    /// New messages of others in direct rooms of two members, serialized by this function.
    DirectMessages(Box<dyn Fn(Message) -> String>),
}

/// An event stream's state; [`EventStream::next`] yields its events.
pub struct EventStream {
    connection: Connection,
    content: StreamContent,
    last: i64,
    ready: VecDeque<Bytes>,
    is_behind: bool,
    has_ended: bool,
    heartbeat: tokio::time::Interval,
}

impl EventStream {
    /// Starts a stream after the change number `after`, or at the latest one. A number above the latest is of a database
    /// that was replaced by an older backup: waiting for it would skip every message until then.
    ///
    /// # Errors
    /// `Unavailable` when the store cannot be read.
    pub async fn start(
        connection: Connection,
        content: StreamContent,
        after: Option<i64>,
    ) -> Result<Self> {
        let latest = connection.realtime().store.latest_change().await?;
        let last = after.map_or(latest, |after| after.min(latest));
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let start = Bytes::from(format!("id: {last}\nretry: 1000\n:\n\n"));
        Ok(Self {
            connection,
            content,
            last,
            ready: VecDeque::from([start]),
            is_behind: after.is_some(),
            has_ended: false,
            heartbeat,
        })
    }

    /// Returns the next event as bytes; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            // Events read before the session ended are not sent after it.
            if self.connection.subscriber.is_closing() {
                return self.closing_event();
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.is_behind {
                self.catch_up().await;
                continue;
            }
            let subscriber = self.connection.subscriber.clone();
            tokio::select! {
                signal = poll_fn(|cx| subscriber.poll_signal(cx)) => match signal {
                    StreamSignal::Changed => self.is_behind = true,
                    StreamSignal::Frame(wire) => self.forward(&wire)?,
                    StreamSignal::End => return self.closing_event(),
                },
                _ = self.heartbeat.tick() => return Some(Bytes::from_static(b":\n\n")),
            }
        }
    }

    /// Returns the event that stands for a WebSocket's close code: once, and only for 4009, after which a client would
    /// otherwise reconnect.
    fn closing_event(&mut self) -> Option<Bytes> {
        let code = self.connection.subscriber.close_code()?;
        let is_reported =
            code == CloseCode::Replaced && matches!(self.content, StreamContent::AllFrames);
        if !is_reported || std::mem::replace(&mut self.has_ended, true) {
            return None;
        }
        let event = format!("data: {{\"type\":\"closed\",\"code\":{}}}\n\n", code as u16);
        Some(event.into())
    }

    /// Queues a frame other than a message, without an event id.
    fn forward(&mut self, wire: &Bytes) -> Option<()> {
        let json = payload(wire)?;
        if matches!(self.content, StreamContent::AllFrames) {
            let json = String::from_utf8_lossy(json);
            self.ready.push_back(format!("data: {json}\n\n").into());
        }
        Some(())
    }

    async fn catch_up(&mut self) {
        let user_id = self.connection.subscriber.user_id;
        let only_conversations = matches!(self.content, StreamContent::DirectMessages(_));
        let store = &self.connection.realtime().store;
        match store
            .messages_after(user_id, self.last, only_conversations)
            .await
        {
            Ok(page) => {
                self.is_behind = page.more;
                for (id, message) in page.messages {
                    let json = match &self.content {
                        StreamContent::AllFrames => ServerFrame::Message(&message).json(),
                        StreamContent::DirectMessages(write) => write(message),
                    };
                    self.ready
                        .push_back(format!("id: {id}\ndata: {json}\n\n").into());
                    self.last = id;
                }
            }
            Err(error) => {
                warn_unless_outage!(
                    error,
                    "cannot read an event stream's next messages; retrying"
                );
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
}
