//! A client as docs/protocol.md describes it, which is strict about what it is told.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::memory_store::MemoryStore;
use super::{ROOM, frames, request};
use crate::realtime::connection::Connection;
use crate::realtime::service::Realtime;
use crate::realtime::subscriber::Subscriber;
use crate::realtime::worker_hub::WorkerHub;

/// See the module's description.
pub(super) struct Client {
    pub(super) user_id: i64,
    /// Everything up to here is known.
    pub(super) ver: i64,
    /// The number of the latest change of each message, by its place.
    pub(super) known: BTreeMap<i64, i64>,
    /// Whether the server said that it follows the room.
    is_in: bool,
    /// Whether they were removed and were not asked in again.
    pub(super) is_out: bool,
    /// So many times `sync` was asked and not answered yet.
    asks: usize,
    pub(super) socket: Option<Socket>,
}

/// A connection that works by itself.
pub(super) struct Socket {
    subscriber: oneshot::Receiver<Rc<Subscriber>>,
    taken: Option<Rc<Subscriber>>,
    says: mpsc::UnboundedSender<String>,
    task: AbortHandle,
}

impl Socket {
    pub(super) fn open(realtime: Arc<Realtime>, worker: Rc<WorkerHub>, user_id: i64) -> Self {
        let (tell, subscriber) = oneshot::channel();
        let (says, mut said) = mpsc::unbounded_channel::<String>();
        let task = tokio::task::spawn_local(async move {
            let request = request(&realtime, user_id).await;
            let error_texts = Box::new(|_| String::new());
            let opened = Connection::open(worker, realtime, request, error_texts).await;
            let mut connection = opened.expect("the shelf has a room for everybody");
            let _ = tell.send(connection.subscriber.clone());
            while let Some(text) = said.recv().await {
                connection.receive(&text).await;
            }
        });
        Self {
            subscriber,
            taken: None,
            says,
            task: task.abort_handle(),
        }
    }

    /// What has come; `Null` at its end when the server closed.
    fn read(&mut self) -> Vec<Value> {
        if self.taken.is_none() {
            self.taken = self.subscriber.try_recv().ok();
        }
        let Some(subscriber) = &self.taken else {
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
            known: BTreeMap::new(),
            is_in: false,
            is_out: false,
            asks: 0,
            socket: None,
        }
    }

    /// Whether it follows the room and waits for nothing.
    pub(super) fn is_idle(&self) -> bool {
        self.is_in && self.asks == 0
    }

    pub(super) fn sync_from(&mut self, ver: i64) {
        if let Some(socket) = &self.socket {
            self.asks += 1;
            let frame = format!(r#"{{"type":"sync","roomId":"{ROOM}","ver":{ver}}}"#);
            socket.says.send(frame).expect("the connection lives");
        }
    }

    /// The connection is gone, and with it what was asked.
    pub(super) fn lose(&mut self) {
        (self.socket, self.is_in, self.asks) = (None, false, 0);
    }

    pub(super) fn read(&mut self, store: &MemoryStore) {
        let read = self.socket.as_mut().map_or_else(Vec::new, Socket::read);
        for frame in read {
            if frame.is_null() {
                return self.lose();
            }
            self.handle(&frame, store);
        }
    }

    fn handle(&mut self, frame: &Value, store: &MemoryStore) {
        match frame["type"].as_str() {
            Some("hello") if frame["rooms"][0].is_null() => {}
            Some("hello") => self.starts_at(&frame["rooms"][0]),
            Some("room") => self.starts_at(&frame["room"]),
            Some("message") => self.learn(frame, store),
            Some("synced") => {
                let ver = frame["ver"].as_i64().expect("ver");
                assert!(ver >= self.ver, "a page takes nothing back");
                self.ver = ver;
                self.asks -= 1;
                if frame["more"] == true {
                    self.sync_from(ver);
                }
            }
            Some("resync") => {
                self.known.clear();
                self.ver = 0;
                self.asks -= 1;
                self.sync_from(0);
            }
            Some("error") if frame["code"] == "unavailable" => {
                self.asks -= 1;
                self.sync_from(self.ver);
            }
            // Removed meanwhile; whoever is back has to ask again.
            Some("error") if frame["code"] == "not_found" => {
                self.asks -= 1;
                if self.is_idle() {
                    self.sync_from(self.ver);
                }
            }
            Some("removed") => self.is_in = false,
            _ => panic!("nobody asked for {frame}"),
        }
    }

    fn starts_at(&mut self, room: &Value) {
        let ver = room["ver"].as_i64().expect("ver");
        self.is_in = true;
        if ver > self.ver {
            self.sync_from(self.ver);
        }
    }

    fn learn(&mut self, message: &Value, store: &MemoryStore) {
        let number = |field: &str| message[field].as_i64().expect("a number");
        let (seq, ver) = (number("seq"), number("ver"));
        assert!(!self.is_out, "{ver} is told to somebody who was removed");
        if self.asks == 0 {
            assert!(ver > self.ver, "{ver} comes after {}", self.ver);
            let missed = store.changed_between(self.ver, ver);
            assert!(missed.is_empty(), "{missed:?} are left out before {ver}");
            self.ver = ver;
        }
        let known = self.known.entry(seq).or_default();
        *known = ver.max(*known);
    }
}
