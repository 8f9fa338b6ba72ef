//! What one socket may say and is told, without the socket itself.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Deserialize;
use tokio::time::timeout;

use super::desk::{Desk, Seat};
use super::frames::{ClientFrame, CloseCode, Code, Id, Limits, Room, ServerFrame, User};
use super::hub::Hub;
use super::presence::Presence;
use super::store::{Changes, Store, Verdict};
use super::throttle::Throttle;
use super::writer::Writer;
use crate::error::Result;

/// So many posts of one socket may wait for the writer; then it is read no further.
const POSTS_IN_FLIGHT: usize = 64;
/// So many refused posts in a row are a flood.
const FLOOD: u32 = 100;
/// A page of `sync` ends early after so many bytes.
const PAGE_BYTES: usize = 512 * 1024;
/// A page of `sync` waits this long for a reader who is behind.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// Everything live that the program has one of.
pub struct Live {
    /// Delivers.
    pub hub: Arc<Hub>,
    /// Stores messages.
    pub writer: Writer,
    /// Reads.
    pub store: Arc<dyn Store>,
    /// Who is here.
    pub presence: Presence,
    /// How much one person may send.
    pub throttle: Throttle,
    /// What clients are told about that.
    pub limits: Limits,
    /// Names this database.
    pub epoch: String,
    /// Names this program.
    pub version: &'static str,
}

/// The sentence for an error, in the person's language.
pub type Sentences = Box<dyn Fn(Code) -> String>;

type Posted = (String, Id, Verdict);

/// One person's socket. It leaves its rooms when it is dropped.
pub struct Connection {
    /// Where its frames are queued.
    pub seat: Rc<Seat>,
    desk: Rc<Desk>,
    live: Arc<Live>,
    sentences: Sentences,
    away: Cell<bool>,
    refused_in_a_row: u32,
    posts: FuturesUnordered<LocalBoxFuture<'static, Posted>>,
}

impl Connection {
    /// Takes a seat, follows the person's rooms and queues `hello`.
    ///
    /// # Errors
    /// `Unavailable` when the rooms cannot be read.
    pub async fn open(
        desk: Rc<Desk>,
        live: Arc<Live>,
        user: User,
        session: Arc<str>,
        sentences: Sentences,
    ) -> Result<Self> {
        let mut rooms = live.store.rooms_of(user.id.0).await?;
        let seat = Seat::new(user.id.0, session);
        desk.admit(&seat);
        live.presence
            .arrive(&user, rooms.iter().map(|room| room.id.0));
        // From here on, leaving is this value's Drop.
        let connection = Self {
            seat,
            desk,
            live,
            sentences,
            away: Cell::default(),
            refused_in_a_row: 0,
            posts: FuturesUnordered::new(),
        };
        if connection.follow(&rooms) {
            rooms = connection.live.store.rooms_of(user.id.0).await?;
        }
        connection.greet(&user, &rooms);
        Ok(connection)
    }

    /// Follows rooms that were read just before. Answers whether they must be read again, because something may have
    /// been delivered in between.
    fn follow(&self, rooms: &[Room]) -> bool {
        let mut stale = false;
        for room in rooms {
            let delivered = self.desk.join(&self.seat, room.id.0);
            stale |= delivered.is_none_or(|ver| ver > room.ver);
        }
        stale
    }

    fn greet(&self, user: &User, rooms: &[Room]) {
        let known: Vec<Room> = rooms
            .iter()
            .filter(|room| self.seat.follows(room.id.0))
            .cloned()
            .collect();
        let hello = ServerFrame::Hello {
            user,
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
    }

    /// Whether another frame may be read now.
    pub fn is_ready(&self) -> bool {
        self.posts.len() < POSTS_IN_FLIGHT
    }

    /// Answers a text frame.
    pub async fn receive(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Post {
                client_id,
                room_id,
                content,
            }) => {
                self.post(client_id, room_id, &content);
            }
            Ok(ClientFrame::Sync { room_id, ver }) => self.sync(room_id, ver).await,
            Ok(ClientFrame::View { room_id, away }) => self.view(room_id, away),
            Ok(ClientFrame::Ping) => self.seat.push(ServerFrame::Pong.encode()),
            Err(_) => self.refuse_bad_frame(text),
        }
    }

    fn post(&mut self, client_id: String, room_id: Id, content: &str) {
        if self.live.throttle.take(self.seat.user_id).is_err() {
            self.refuse(Code::RateLimited, Some(&client_id), Some(room_id));
            self.refused_in_a_row += 1;
            if self.refused_in_a_row > FLOOD {
                self.seat.close(CloseCode::Flooding);
            }
            return;
        }
        self.refused_in_a_row = 0;
        let store = &self.live.store;
        match store.draft(self.seat.user_id, room_id.0, &client_id, content) {
            Ok(draft) => {
                let verdict = self.live.writer.post(draft);
                self.posts
                    .push(Box::pin(async move { (client_id, room_id, verdict.await) }));
            }
            Err(code) => self.refuse(code, Some(&client_id), Some(room_id)),
        }
    }

    /// Waits for the next post to be stored or refused, and tells. Pending for ever when none is under way.
    pub async fn settle_post(&mut self) {
        let Some((client_id, room_id, verdict)) = self.posts.next().await else {
            return std::future::pending().await;
        };
        match verdict {
            Ok(message) => self.seat.push(
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
            Err(code) => self.refuse(code, Some(&client_id), Some(room_id)),
        }
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

    fn view(&self, room_id: Option<Id>, away: bool) {
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
        let message = (self.sentences)(code);
        let error = ServerFrame::Error {
            code,
            message: &message,
            client_id,
            room_id,
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
