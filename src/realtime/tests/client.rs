//! A client that follows docs/protocol.md and checks every frame that it receives.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::memory_store::MemoryStore;
use super::{ROOM, frames, read_request};
use crate::realtime::connection::Connection;
use crate::realtime::service::Realtime;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::worker_hub::WorkerHub;

/// A client's state: one room and a connection.
pub(super) struct Client {
    pub(super) user_id: i64,
    /// The version that the client has.
    pub(super) ver: i64,
    /// The version of each message, by `seq`.
    pub(super) versions: BTreeMap<i64, i64>,
    /// Whether the server has sent the room.
    is_subscribed: bool,
    /// Whether the user was removed and has not joined again.
    pub(super) is_removed: bool,
    /// Number of `sync` requests without a response.
    pending_syncs: usize,
    pub(super) socket: Option<Socket>,
}

/// A connection that runs as a task.
pub(super) struct Socket {
    subscriber: oneshot::Receiver<Rc<Subscriber>>,
    established: Option<Rc<Subscriber>>,
    sender: mpsc::UnboundedSender<String>,
    task: AbortHandle,
}

impl Socket {
    pub(super) fn open(realtime: Arc<Realtime>, worker: Rc<WorkerHub>, user_id: i64) -> Self {
        let (established_sender, subscriber) = oneshot::channel();
        let (sender, mut inputs) = mpsc::unbounded_channel::<String>();
        let task = tokio::task::spawn_local(async move {
            let request = read_request(&realtime, user_id).await;
            let error_texts = Box::new(|_| String::new());
            let opened =
                Connection::open(worker, realtime, request, Subscriber::new, error_texts).await;
            let mut connection = opened.expect("a connection");
            let _ = established_sender.send(connection.subscriber.clone());
            while let Some(text) = inputs.recv().await {
                connection.receive(&text).await;
            }
        });
        Self {
            subscriber,
            established: None,
            sender,
            task: task.abort_handle(),
        }
    }

    /// Reads the available frames; ends with `Null` when the server closed.
    fn read(&mut self) -> Vec<Value> {
        if self.established.is_none() {
            self.established = self.subscriber.try_recv().ok();
        }
        let Some(subscriber) = &self.established else {
            return Vec::new();
        };
        let mut read = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(wire)) = subscriber.poll_wire(&mut cx) {
            read.extend(frames(&wire));
        }
        read
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    pub(super) fn new(user_id: i64) -> Self {
        Self {
            user_id,
            ver: 0,
            versions: BTreeMap::new(),
            is_subscribed: false,
            is_removed: false,
            pending_syncs: 0,
            socket: None,
        }
    }

    /// Whether the client is subscribed and waits for no response.
    pub(super) fn is_idle(&self) -> bool {
        self.is_subscribed && self.pending_syncs == 0
    }

    pub(super) fn sync_from(&mut self, ver: i64) {
        if let Some(socket) = &self.socket {
            self.pending_syncs += 1;
            let frame = format!(r#"{{"type":"sync","roomId":"{ROOM}","ver":{ver}}}"#);
            socket.sender.send(frame).expect("the connection is open");
        }
    }

    /// Drops the connection and its pending requests.
    pub(super) fn disconnect(&mut self) {
        (self.socket, self.is_subscribed, self.pending_syncs) = (None, false, 0);
    }

    pub(super) fn read(&mut self, store: &MemoryStore) {
        let read = self.socket.as_mut().map_or_else(Vec::new, Socket::read);
        for frame in read {
            if frame.is_null() {
                return self.disconnect();
            }
            self.handle(&frame, store);
        }
    }

    fn handle(&mut self, frame: &Value, store: &MemoryStore) {
        match frame["type"].as_str() {
            Some("hello") if frame["rooms"][0].is_null() => {}
            Some("hello") => self.handle_room(&frame["rooms"][0]),
            Some("room") => self.handle_room(&frame["room"]),
            Some("message") => self.handle_message(frame, store),
            Some("synced") => {
                let ver = frame["ver"].as_i64().expect("ver");
                assert!(ver >= self.ver, "a page never moves the version back");
                self.ver = ver;
                self.pending_syncs -= 1;
                if frame["more"] == true {
                    self.sync_from(ver);
                }
            }
            Some("resync") => {
                self.versions.clear();
                self.ver = 0;
                self.pending_syncs -= 1;
                self.sync_from(0);
            }
            Some("error") if frame["code"] == "unavailable" => {
                self.pending_syncs -= 1;
                self.sync_from(self.ver);
            }
            // Removed meanwhile. If the user has joined again, the client has to sync again.
            Some("error") if frame["code"] == "not_found" => {
                self.pending_syncs -= 1;
                if self.is_idle() {
                    self.sync_from(self.ver);
                }
            }
            Some("removed") => self.is_subscribed = false,
            _ => panic!("unexpected frame {frame}"),
        }
    }

    fn handle_room(&mut self, room: &Value) {
        let ver = room["ver"].as_i64().expect("ver");
        self.is_subscribed = true;
        if ver > self.ver {
            self.sync_from(self.ver);
        }
    }

    fn handle_message(&mut self, message: &Value, store: &MemoryStore) {
        let number = |field: &str| message[field].as_i64().expect("a number");
        let (seq, ver) = (number("seq"), number("ver"));
        assert!(!self.is_removed, "{ver} was sent to a removed user");
        if self.pending_syncs == 0 {
            assert!(ver > self.ver, "{ver} is not after {}", self.ver);
            let missed = store.changed_between(self.ver, ver);
            assert!(missed.is_empty(), "{missed:?} are missing before {ver}");
            self.ver = ver;
        }
        let versions = self.versions.entry(seq).or_default();
        *versions = ver.max(*versions);
    }
}
