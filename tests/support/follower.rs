//! A client as docs/protocol.md describes it, which misses nothing and is strict about what it is told.

use super::crowd::Kept;
use super::{LOBBY, Socket};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// The number of the last change, once there will be no more.
pub type Last = watch::Receiver<Option<u64>>;

/// So often a follower that hears nothing looks whether it was the last.
const LOOK: Duration = Duration::from_millis(200);

/// Keeps the Lobby, over one socket after another.
pub struct Follower {
    request: Request,
    /// Everything up to here is known.
    pub ver: u64,
    /// Where the running `sync` began.
    asked: Option<u64>,
    /// What is known, by `seq`.
    pub kept: BTreeMap<u64, Kept>,
    /// How many sockets it had.
    pub sockets: usize,
    /// The codes with which the server closed them.
    pub closed_with: Vec<Option<u16>>,
    /// How many followers are told that they are connected, right now.
    pub connected: Arc<AtomicUsize>,
}

impl Follower {
    /// Knows nothing yet, and connects by this request.
    pub fn new(request: Request) -> Self {
        Self {
            request,
            ver: 0,
            asked: None,
            kept: BTreeMap::new(),
            sockets: 0,
            closed_with: Vec::new(),
            connected: Arc::default(),
        }
    }

    /// Listens over a new socket until the deadline, until everything up to the `last` change is known (as soon as that
    /// is told) or until the server closes; then it cuts the line. False when nobody answers.
    pub async fn listen(&mut self, until: Instant, last: &Last) -> bool {
        let Ok(mut socket) = Socket::connect(self.request.clone()).await else {
            return false;
        };
        self.sockets += 1;
        self.asked = None;
        let mut is_connected = false;
        while !self.has(last) {
            match socket.next_until(until.min(Instant::now() + LOOK)).await {
                Ok(Some(frame)) => {
                    if frame["type"] == "hello" {
                        is_connected = true;
                        self.connected.fetch_add(1, Ordering::SeqCst);
                    }
                    self.take(&mut socket, &frame).await;
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
        socket.cut();
        true
    }

    /// Whether everything is known up to the last change.
    pub fn has(&self, last: &Last) -> bool {
        last.borrow().is_some_and(|last| self.ver >= last)
    }

    async fn take(&mut self, socket: &mut Socket, frame: &Value) {
        match frame["type"].as_str() {
            Some("hello") if frame["rooms"][0]["ver"].as_u64() > Some(self.ver) => {
                self.sync(socket).await;
            }
            Some("message") => self.hear(frame),
            Some("synced") => {
                self.ver = self.ver.max(frame["ver"].as_u64().expect("ver"));
                self.asked = None;
                if frame["more"] == true {
                    self.sync(socket).await;
                }
            }
            Some("resync" | "error") => panic!("{frame}"),
            _ => {}
        }
    }

    async fn sync(&mut self, socket: &mut Socket) {
        self.asked = Some(self.ver);
        socket
            .send(json!({"type": "sync", "roomId": LOBBY, "ver": self.ver}))
            .await;
    }

    fn hear(&mut self, message: &Value) {
        let (seq, now) = (message["seq"].as_u64().expect("seq"), Kept::of(message));
        match self.asked {
            // What was live before the server read the `sync` may come again in its answer, never what was known.
            Some(asked) => assert!(now.ver > asked, "{} comes again, after {asked}", now.ver),
            None => {
                assert_eq!(
                    now.ver,
                    self.ver + 1,
                    "in order, without holes, nothing twice"
                );
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
