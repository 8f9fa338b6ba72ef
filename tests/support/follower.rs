//! A client that follows docs/protocol.md, detects gaps and duplicates, and panics on violations.

use super::members::MessageState;
use super::{LOBBY, Socket};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// The version of the last change, once known.
pub type LastVersion = watch::Receiver<Option<u64>>;

/// Interval at which an idle follower checks whether it is complete.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Delay before a rejected `sync` is repeated.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// A client of the Lobby that reconnects and syncs.
pub struct Follower {
    request: Request,
    /// Version up to which all changes are known.
    pub ver: u64,
    /// Version at which the current `sync` began.
    asked: Option<u64>,
    /// Known messages, by `seq`.
    pub kept: BTreeMap<u64, MessageState>,
    /// Number of rejected `sync`s.
    pub refused: usize,
    /// Number of sockets opened.
    pub sockets: usize,
    /// Close codes received.
    pub closed_with: Vec<Option<u16>>,
    /// Number of followers that are connected now.
    pub connected: Arc<AtomicUsize>,
}

impl Follower {
    /// A client without messages, which connects with this request.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            ver: 0,
            asked: None,
            kept: BTreeMap::new(),
            refused: 0,
            sockets: 0,
            closed_with: Vec::new(),
            connected: Arc::default(),
        }
    }

    /// Listens on a new socket until the deadline, until all changes up to `last` are known, or until the server
    /// closes; then drops the connection. Returns false when the server is unreachable.
    pub async fn listen(&mut self, until: Instant, last: &LastVersion) -> bool {
        let Ok(mut socket) = Socket::connect(self.request.clone()).await else {
            return false;
        };
        self.sockets += 1;
        self.asked = None;
        let mut is_connected = false;
        while !self.has(last) {
            match socket
                .next_until(until.min(Instant::now() + POLL_INTERVAL))
                .await
            {
                Ok(Some(frame)) => {
                    if frame["type"] == "hello" {
                        is_connected = true;
                        self.connected.fetch_add(1, Ordering::SeqCst);
                    }
                    self.handle(&mut socket, &frame).await;
                }
                Ok(None) if Instant::now() < until => {}
                Ok(None) => break,
                Err(()) => {
                    self.closed_with.push(socket.closed_with);
                    break;
                }
            }
        }
        if is_connected {
            self.connected.fetch_sub(1, Ordering::SeqCst);
        }
        socket.abort();
        true
    }

    /// Returns whether all changes up to the last are known.
    pub fn has(&self, last: &LastVersion) -> bool {
        last.borrow().is_some_and(|last| self.ver >= last)
    }

    async fn handle(&mut self, socket: &mut Socket, frame: &Value) {
        match frame["type"].as_str() {
            Some("hello") if frame["rooms"][0]["ver"].as_u64() > Some(self.ver) => {
                self.sync(socket).await;
            }
            Some("message") => self.apply(frame),
            Some("synced") => {
                self.ver = self.ver.max(frame["ver"].as_u64().expect("ver"));
                self.asked = None;
                if frame["more"] == true {
                    self.sync(socket).await;
                }
            }
            // Too many clients at once: tries again later.
            Some("error") if frame["code"] == "unavailable" => {
                self.refused += 1;
                sleep(RETRY_DELAY).await;
                self.sync(socket).await;
            }
            Some("resync" | "error") => panic!("{frame}"),
            _ => {}
        }
    }

    async fn sync(&mut self, socket: &mut Socket) {
        self.asked = Some(self.ver);
        socket.sync(LOBBY, self.ver).await;
    }

    fn apply(&mut self, message: &Value) {
        let (seq, now) = (
            message["seq"].as_u64().expect("seq"),
            MessageState::of(message),
        );
        match self.asked {
            // Live changes before the server handled the `sync` may be repeated in its pages; older ones may not.
            Some(asked) => assert!(now.ver > asked, "{} is repeated, after {asked}", now.ver),
            None => {
                let found = now.ver;
                assert_eq!(found, self.ver + 1, "in order, without gaps or duplicates");
                self.ver = now.ver;
            }
        }
        if self
            .kept
            .get(&seq)
            .is_none_or(|before| before.ver < now.ver)
        {
            self.kept.insert(seq, now);
        }
    }
}
