//! What one socket may say and is told, without the socket itself.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Deserialize;
use tokio::time::timeout;

use super::desk::{Desk, Seat};
use super::frames::{ClientFrame, CloseCode, Code, Id, Room, ServerFrame, User};
use super::hub::Audience;
use super::live::Live;
use super::store::{Changes, Stored, Target, Verdict, Write};
use crate::error::{Error, Result};

/// So many writes of one socket may be under way; then it is read no further.
const WRITES_IN_FLIGHT: usize = 64;
/// Somebody types for so long before it is told again.
const TYPING_PAUSE: Duration = Duration::from_secs(2);
/// So many refused posts in a row are a flood.
const FLOOD: u32 = 100;
/// A page of `sync` ends early after so many bytes.
const PAGE_BYTES: usize = 512 * 1024;
/// A page of `sync` waits this long for a reader who is behind.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// The sentence for an error, in the person's language.
pub type Sentences = Box<dyn Fn(Code) -> String>;

/// What a write is answered to.
enum Asked {
    Post {
        client_id: String,
        room_id: Option<Id>,
    },
    Change {
        room_id: Id,
        seq: i64,
    },
}

/// One person's socket. It leaves its rooms when it is dropped.
pub struct Connection {
    /// Where its frames are queued.
    pub seat: Rc<Seat>,
    user: User,
    desk: Rc<Desk>,
    live: Arc<Live>,
    sentences: Sentences,
    away: Cell<bool>,
    refused_in_a_row: u32,
    typed_at: Option<Instant>,
    writes: FuturesUnordered<LocalBoxFuture<'static, (Asked, Verdict)>>,
}

impl Connection {
    /// Takes a seat, follows the person's rooms and queues `hello`.
    ///
    /// # Errors
    /// `Unavailable` when the rooms cannot be read, `Unauthorized` when the session ended meanwhile.
    pub async fn open(
        desk: Rc<Desk>,
        live: Arc<Live>,
        user: User,
        session: Arc<str>,
        sentences: Sentences,
    ) -> Result<Self> {
        let seat = Seat::new(user.id.0, session);
        Self::take(desk, live, user, seat, sentences).await
    }

    /// The same for an event stream.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn listen(
        desk: Rc<Desk>,
        live: Arc<Live>,
        user: User,
        session: Arc<str>,
        sentences: Sentences,
    ) -> Result<Self> {
        let seat = Seat::listening(user.id.0, session);
        Self::take(desk, live, user, seat, sentences).await
    }

    async fn take(
        desk: Rc<Desk>,
        live: Arc<Live>,
        user: User,
        seat: Rc<Seat>,
        sentences: Sentences,
    ) -> Result<Self> {
        let room_ids = live.store.room_ids_of(user.id.0).await?;
        let session = seat.session.clone();
        desk.admit(&seat);
        live.presence.arrive(&user, &room_ids);
        // From here on, leaving is this value's Drop.
        let connection = Self {
            seat,
            user,
            desk,
            live,
            sentences,
            away: Cell::default(),
            refused_in_a_row: 0,
            typed_at: None,
            writes: FuturesUnordered::new(),
        };
        for (room_id, _) in room_ids {
            connection.desk.join(&connection.seat, room_id);
        }
        // Read after the rooms are followed: whatever changes from here on reaches the seat.
        let store = &connection.live.store;
        let rooms = store.rooms_of(connection.user.id.0, session).await?;
        connection.greet(&rooms);
        Ok(connection)
    }

    fn greet(&self, rooms: &[Room]) {
        for room_id in self.seat.rooms() {
            if rooms.iter().all(|room| room.id.0 != room_id) {
                self.desk.leave_room(&self.seat, room_id);
            }
        }
        let known: Vec<Room> = rooms
            .iter()
            .filter(|room| self.seat.follows(room.id.0))
            .cloned()
            .collect();
        let hello = ServerFrame::Hello {
            user: &self.user,
            epoch: &self.live.epoch,
            version: self.live.version,
            rooms: &known,
            limits: self.live.limits,
        };
        self.seat.push(hello.encode());
        for room in &known {
            self.live.hub.settle(room.id.0, room.ver);
            self.seat.go_live(room.id.0, room.ver);
        }
        // What the person came into before this seat could be told.
        for room in rooms.iter().filter(|room| !self.seat.follows(room.id.0)) {
            let is_direct = room.kind == "direct";
            self.live
                .presence
                .enter(self.user.id.0, room.id.0, is_direct);
            self.desk.follow(&self.seat, room.id.0);
        }
    }

    /// What it is part of.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Whether another frame may be read now.
    pub fn is_ready(&self) -> bool {
        self.writes.len() < WRITES_IN_FLIGHT
    }

    /// Answers a text frame.
    pub async fn receive(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Post {
                client_id,
                room_id: Some(room_id),
                to: None,
                content,
            }) => self.post(client_id, room_id, &content),
            Ok(ClientFrame::Post {
                client_id,
                room_id: None,
                to: Some(to),
                content,
            }) => self.post_to(client_id, to, content),
            Ok(ClientFrame::Edit {
                room_id,
                seq,
                content,
            }) => self.edit(room_id, seq, &content),
            Ok(ClientFrame::Delete { room_id, seq }) => {
                let target = self.target(room_id, seq);
                self.change(room_id, seq, Write::Delete(target));
            }
            Ok(ClientFrame::Sync { room_id, ver }) => self.sync(room_id, ver).await,
            Ok(ClientFrame::Read {
                room_id,
                seq,
                unread,
            }) => self.read(room_id, seq, unread).await,
            Ok(ClientFrame::View { room_id, away }) => self.view(room_id, away),
            Ok(ClientFrame::Typing { room_id }) => self.typing(room_id),
            Ok(ClientFrame::Ping) => self.seat.push(ServerFrame::Pong.encode()),
            Ok(ClientFrame::Post { .. }) | Err(_) => self.refuse_bad_frame(text),
        }
    }

    /// Whether the person may write now; whoever goes on regardless is closed.
    fn may_write(&mut self) -> bool {
        if self.live.throttle.take(self.seat.user_id).is_ok() {
            self.refused_in_a_row = 0;
            return true;
        }
        self.refused_in_a_row += 1;
        if self.refused_in_a_row > FLOOD {
            self.seat.close(CloseCode::Flooding);
        }
        false
    }

    fn post(&mut self, client_id: String, room_id: Id, content: &str) {
        if !self.may_write() {
            return self.refuse_post(Code::RateLimited, &client_id, Some(room_id));
        }
        let store = &self.live.store;
        match store.draft(self.seat.user_id, room_id.0, &client_id, content) {
            Ok(draft) => {
                let verdict = self.live.writer.write(Write::Post(draft));
                let room_id = Some(room_id);
                let asked = Asked::Post { client_id, room_id };
                self.writes
                    .push(Box::pin(async move { (asked, verdict.await) }));
            }
            Err(code) => self.refuse_post(code, &client_id, Some(room_id)),
        }
    }

    /// Says something to a person, in the conversation with them.
    fn post_to(&mut self, client_id: String, to: String, content: String) {
        if !self.may_write() {
            return self.refuse_post(Code::RateLimited, &client_id, None);
        }
        let (live, user_id) = (self.live.clone(), self.seat.user_id);
        self.writes.push(Box::pin(async move {
            let verdict = live.post_to(user_id, &to, &client_id, &content).await;
            let room_id = None;
            (Asked::Post { client_id, room_id }, verdict)
        }));
    }

    fn target(&self, room_id: Id, seq: i64) -> Target {
        Target {
            room_id: room_id.0,
            seq,
            user_id: self.seat.user_id,
        }
    }

    fn edit(&mut self, room_id: Id, seq: i64, content: &str) {
        let target = self.target(room_id, seq);
        match self.live.store.content(content) {
            Ok(content) => self.change(room_id, seq, Write::Edit { target, content }),
            Err(code) => self.refuse_change(code, room_id, seq),
        }
    }

    fn change(&mut self, room_id: Id, seq: i64, write: Write) {
        if !self.may_write() {
            return self.refuse_change(Code::RateLimited, room_id, seq);
        }
        let verdict = self.live.writer.write(write);
        let asked = Asked::Change { room_id, seq };
        self.writes
            .push(Box::pin(async move { (asked, verdict.await) }));
    }

    /// Waits for the next write to be done or refused, and tells. Pending for ever when none is under way.
    pub async fn settle_write(&mut self) {
        let Some((asked, verdict)) = self.writes.next().await else {
            return std::future::pending().await;
        };
        match (asked, verdict) {
            (Asked::Post { client_id, .. }, Ok(Stored { message, .. })) => self.seat.push(
                ServerFrame::Ack {
                    client_id: &client_id,
                    room_id: message.room_id,
                    id: message.id,
                    seq: message.seq,
                    ver: message.ver,
                    created_at: &message.created_at,
                }
                .encode(),
            ),
            (Asked::Post { client_id, room_id }, Err(code)) => {
                self.refuse_post(code, &client_id, room_id);
            }
            // A change that was done comes live, to everybody alike.
            (Asked::Change { .. }, Ok(Stored { message, is_new })) => {
                if !is_new || !self.seat.follows(message.room_id.0) {
                    self.seat.push(ServerFrame::Message(&message).encode());
                }
            }
            (Asked::Change { room_id, seq }, Err(code)) => self.refuse_change(code, room_id, seq),
        }
    }

    async fn read(&self, room_id: Id, seq: i64, unread: bool) {
        match self.live.read(&self.user, room_id.0, seq, unread).await {
            Ok(_) => {}
            Err(Error::NotFound) => self.refuse(Code::NotFound, None, Some(room_id)),
            Err(error) => {
                tracing::warn!(%error, "a mark was not stored");
                self.refuse(Code::Unavailable, None, Some(room_id));
            }
        }
    }

    /// Told to the windows that show the room, every two seconds at the most.
    fn typing(&mut self, room_id: Id) {
        if !self.seat.follows(room_id.0) {
            return self.refuse(Code::NotFound, None, Some(room_id));
        }
        let now = Instant::now();
        if self
            .typed_at
            .is_some_and(|at| now.duration_since(at) < TYPING_PAUSE)
        {
            return;
        }
        self.typed_at = Some(now);
        let user = &self.user;
        let frame = ServerFrame::Typing { room_id, user }.encode();
        self.live.hub.to_room(room_id.0, Audience::Viewers, frame);
    }

    /// Sends a page of what changed. The room's live changes wait until the last page is out.
    async fn sync(&self, room_id: Id, ver: i64) {
        if !self.seat.follows(room_id.0) {
            return self.refuse(Code::NotFound, None, Some(room_id));
        }
        self.seat.hold(room_id.0);
        match self.live.store.changes(room_id.0, ver).await {
            Ok(changes) if changes.last_ver < ver => {
                self.seat.push(ServerFrame::Resync { room_id }.encode());
                self.seat.go_live(room_id.0, changes.last_ver);
            }
            Ok(changes) => {
                if timeout(READER_PATIENCE, self.seat.drained()).await.is_err() {
                    return self.seat.close(CloseCode::TooSlow);
                }
                self.send_page(room_id, &changes);
            }
            Err(error) => {
                tracing::warn!(%error, "sync failed");
                // Without the page there would be a hole, so the room stays silent until the client asks again.
                self.seat.expect_more(room_id.0);
                self.refuse(Code::Unavailable, None, Some(room_id));
            }
        }
    }

    fn send_page(&self, room_id: Id, changes: &Changes) {
        let mut wire = BytesMut::new();
        let (mut ver, mut more) = (changes.ver, changes.more);
        for (index, message) in changes.messages.iter().enumerate() {
            ServerFrame::Message(message).encode_into(&mut wire);
            if wire.len() > PAGE_BYTES && index + 1 < changes.messages.len() {
                (ver, more) = (message.ver, true);
                break;
            }
        }
        ServerFrame::Synced { room_id, ver, more }.encode_into(&mut wire);
        self.seat.push(wire.freeze());
        if more {
            self.seat.expect_more(room_id.0);
        } else {
            self.seat.go_live(room_id.0, ver);
        }
    }

    /// The window shows another room, or its person went away or came back.
    pub fn view(&self, room_id: Option<Id>, away: bool) {
        let room = room_id.map(|id| id.0).filter(|id| self.seat.follows(*id));
        let before = (self.seat.view.replace(room), self.away.replace(away));
        self.live
            .presence
            .look(self.seat.user_id, before, (room, away));
        match (room, room_id) {
            (Some(room), _) if before.0 != Some(room) => {
                self.seat.push(self.live.presence.frame(room));
            }
            (None, Some(unknown)) => self.refuse(Code::NotFound, None, Some(unknown)),
            _ => {}
        }
    }

    fn refuse_bad_frame(&self, text: &str) {
        /// What an error can name even when the rest makes no sense.
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Names {
            client_id: Option<String>,
            room_id: Option<Id>,
        }
        let names: Names = serde_json::from_str(text).unwrap_or_default();
        self.refuse(Code::BadFrame, names.client_id.as_deref(), names.room_id);
    }

    /// Queues an error for something that was not understood or not done.
    pub fn refuse(&self, code: Code, client_id: Option<&str>, room_id: Option<Id>) {
        self.refuse_at(code, client_id, room_id, None);
    }

    fn refuse_post(&self, code: Code, client_id: &str, room_id: Option<Id>) {
        self.refuse_at(code, Some(client_id), room_id, None);
    }

    fn refuse_change(&self, code: Code, room_id: Id, seq: i64) {
        self.refuse_at(code, None, Some(room_id), Some(seq));
    }

    fn refuse_at(
        &self,
        code: Code,
        client_id: Option<&str>,
        room_id: Option<Id>,
        seq: Option<i64>,
    ) {
        let message = (self.sentences)(code);
        let error = ServerFrame::Error {
            code,
            message: &message,
            client_id,
            room_id,
            seq,
        };
        self.seat.push(error.encode());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.desk.leave(&self.seat);
        let view = self.seat.view.get();
        self.live
            .presence
            .leave(self.seat.user_id, view, self.away.get());
    }
}
