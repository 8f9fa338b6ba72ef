//! An in-memory store with configurable delays and failures.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use super::ROOM;
use crate::error::{Error, Result};
use crate::protocol::commands::{
    Changes, DirectRoom, ReadPosition, SequencedPage, ValidatedMessage, WriteCommand, WriteResult,
};
use crate::protocol::{
    ErrorCode, Id, Invitation, Message, NotificationLevel, Room, RoomKind, User,
};
use crate::realtime::store::{MessageLog, Store, StoreFuture};

/// Changes per page.
const PAGE: usize = 4;

/// An in-memory store of one room, whose pages are released by the test.
#[derive(Clone)]
pub(super) struct MemoryStore(pub(super) Arc<Inner>);

pub(super) struct Inner {
    /// Each message as it is now, by `seq`.
    log: Mutex<Vec<Message>>,
    pub(super) pages: Semaphore,
    /// Delay before and after each read, in milliseconds.
    pub(super) delay_ms: AtomicU64,
    /// The users who are not members.
    removed: Mutex<HashSet<i64>>,
    /// Number of later reads of pages that fail.
    pub(super) failures: AtomicUsize,
}

impl MemoryStore {
    pub(super) fn new(pages: usize) -> Self {
        Self(Arc::new(Inner {
            log: Mutex::default(),
            pages: Semaphore::new(pages),
            delay_ms: AtomicU64::default(),
            removed: Mutex::default(),
            failures: AtomicUsize::default(),
        }))
    }

    /// Adds a message.
    pub(super) fn add(&self) -> Message {
        let ver = self.ver() + 1;
        let mut log = self.0.log.lock().expect("lock");
        let message = message(log.len() as i64 + 1, ver);
        log.push(message.clone());
        message
    }

    /// Changes a message.
    pub(super) fn change(&self, index: usize) -> Message {
        let ver = self.ver() + 1;
        let mut log = self.0.log.lock().expect("lock");
        let index = index % log.len();
        log[index] = message(index as i64 + 1, ver);
        log[index].clone()
    }

    pub(super) fn ver(&self) -> i64 {
        let log = self.0.log.lock().expect("lock");
        log.iter().map(|message| message.ver).max().unwrap_or(0)
    }

    /// Adds a user to the room.
    pub(super) fn add_member(&self, user_id: i64) {
        self.0.removed.lock().expect("lock").remove(&user_id);
    }

    /// Removes a user from the room.
    pub(super) fn remove_member(&self, user_id: i64) {
        self.0.removed.lock().expect("lock").insert(user_id);
    }

    fn is_member(&self, user_id: i64) -> bool {
        !self.0.removed.lock().expect("lock").contains(&user_id)
    }

    /// Returns the version of each message, by `seq`.
    pub(super) fn vers(&self) -> BTreeMap<i64, i64> {
        let log = self.0.log.lock().expect("lock");
        log.iter().map(|m| (m.seq, m.ver)).collect()
    }

    /// Returns the versions strictly between two others.
    pub(super) fn changed_between(&self, after: i64, before: i64) -> Vec<i64> {
        let vers = self.vers().into_values();
        vers.filter(|ver| (after + 1..before).contains(ver))
            .collect()
    }

    async fn delay(&self) {
        match self.0.delay_ms.load(Ordering::Relaxed) {
            0 => {}
            ms => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }

    fn page_after(&self, ver: i64) -> Changes {
        let log = self.0.log.lock().expect("lock");
        let mut messages: Vec<Message> = log.iter().filter(|m| m.ver > ver).cloned().collect();
        drop(log);
        messages.sort_by_key(|message| message.ver);
        let more = messages.len() > PAGE;
        messages.truncate(PAGE);
        let last_ver = self.ver();
        Changes {
            ver: match messages.last() {
                Some(last) if more => last.ver,
                _ => last_ver,
            },
            messages,
            more,
            last_ver,
        }
    }

    fn room(&self) -> Room {
        let ver = self.ver();
        Room {
            id: Id(ROOM),
            kind: RoomKind::Open,
            name: "Lobby".into(),
            topic: String::new(),
            seq: ver,
            ver,
            read_seq: 0,
            unread: ver,
            mentions: 0,
            involvement: NotificationLevel::Mentions,
            last_message_at: None,
            other: None,
        }
    }
}

pub(super) fn user(id: i64) -> User {
    User {
        id: Id(id),
        username: "mei".into(),
        avatar_url: None,
    }
}

fn message(seq: i64, ver: i64) -> Message {
    Message {
        room_id: Id(ROOM),
        seq,
        ver,
        id: Id(ver),
        user: user(1),
        content: ver.to_string(),
        ..Message::default()
    }
}

impl Store for MemoryStore {
    fn validate_message(
        &self,
        _: i64,
        _: i64,
        _: &str,
        _: &str,
    ) -> Result<ValidatedMessage, ErrorCode> {
        Err(ErrorCode::BadFrame)
    }

    fn validate_content(&self, _: &str) -> Result<String, ErrorCode> {
        Err(ErrorCode::Empty)
    }

    fn set_read_position(&self, _: i64, _: i64, _: i64, _: bool) -> StoreFuture<ReadPosition> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn mark_all_read(&self, _: i64) -> StoreFuture<Vec<(i64, ReadPosition)>> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn room_for(&self, user_id: i64, _: i64) -> StoreFuture<Room> {
        let rooms = self.rooms_for(user_id, "".into());
        async { rooms.await?.pop().ok_or(Error::NotFound) }.boxed()
    }

    fn invitations_for(&self, _: i64) -> StoreFuture<Vec<Invitation>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn find_or_create_direct(&self, _: i64, _: String) -> StoreFuture<DirectRoom> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn rooms_for(&self, user_id: i64, _: Arc<str>) -> StoreFuture<Vec<Room>> {
        let store = self.clone();
        async move {
            store.delay().await;
            let rooms = store.is_member(user_id).then(|| store.room());
            store.delay().await;
            Ok(rooms.into_iter().collect())
        }
        .boxed()
    }

    fn record_last_seen(&self, _: i64) -> StoreFuture<()> {
        async { Ok(()) }.boxed()
    }

    fn latest_change(&self) -> StoreFuture<i64> {
        async { Ok(0) }.boxed()
    }

    fn messages_after(&self, _: i64, _: i64, _: bool) -> StoreFuture<SequencedPage> {
        async { Err(Error::NotFound) }.boxed()
    }

    fn changes(&self, _: i64, ver: i64) -> StoreFuture<Changes> {
        let store = self.clone();
        async move {
            store.delay().await;
            let page = store.page_after(ver);
            let failures = &store.0.failures;
            let fewer = |failures: usize| failures.checked_sub(1);
            if (failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer)).is_ok() {
                return Err(Error::Unavailable("the test store failed".into()));
            }
            let permit = store.0.pages.acquire().await.map_err(Error::internal)?;
            permit.forget();
            store.delay().await;
            Ok(page)
        }
        .boxed()
    }
}

impl MessageLog for MemoryStore {
    fn append(&self, writes: &[WriteCommand]) -> Result<Vec<WriteResult>> {
        Ok(writes.iter().map(|_| Err(ErrorCode::Unavailable)).collect())
    }
}
