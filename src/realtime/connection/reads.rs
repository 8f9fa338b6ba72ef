//! What a socket reads, and what it shows of its person.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::time::timeout;

use super::Connection;
use crate::error::Error;
use crate::error::outage::warn_unless_outage;
use crate::realtime::frames::{ErrorCode, Id, ServerFrame};
use crate::realtime::hub::worker_commands::Audience;
use crate::realtime::store::Changes;
use crate::realtime::websocket::CloseCode;

/// Somebody types for so long before it is told again.
const TYPING_PAUSE: Duration = Duration::from_secs(2);
/// A page of `sync` ends early after so many bytes.
const PAGE_BYTES: usize = 512 * 1024;
/// A page of `sync` waits this long for a reader who is behind.
const READER_PATIENCE: Duration = Duration::from_secs(5);

impl Connection {
    pub(super) async fn read(&self, room_id: Id, seq: i64, unread: bool) {
        match self.live.read(&self.user, room_id.0, seq, unread).await {
            Ok(_) => {}
            Err(Error::NotFound) => self.refuse(ErrorCode::NotFound, None, Some(room_id)),
            Err(error) => {
                warn_unless_outage!(error, "a mark was not stored");
                self.refuse(ErrorCode::Unavailable, None, Some(room_id));
            }
        }
    }

    /// Told to the windows that show the room, every two seconds at the most.
    pub(super) fn typing(&mut self, room_id: Id) {
        if !self.seat.is_settled(room_id.0) {
            return self.refuse(ErrorCode::NotFound, None, Some(room_id));
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
    pub(super) async fn sync(&self, room_id: Id, ver: i64) {
        let is_settled = self.seat.is_settled(room_id.0);
        let Some(place) = self.seat.place(room_id.0).filter(|_| is_settled) else {
            return self.refuse(ErrorCode::NotFound, None, Some(room_id));
        };
        self.seat.hold(room_id.0);
        let changes = self.live.store.changes(room_id.0, ver).await;
        if timeout(READER_PATIENCE, self.seat.drained()).await.is_err() {
            return self.seat.close(CloseCode::TooSlow);
        }
        if !self.seat.is_at(room_id.0, &place) {
            // Removed meanwhile: nothing of the room is sent any more.
            return self.refuse(ErrorCode::NotFound, None, Some(room_id));
        }
        match changes {
            Ok(changes) if changes.last_ver < ver => {
                self.live.hub.figures.resyncs.inc();
                self.seat.push(ServerFrame::Resync { room_id }.encode());
                self.seat.go_live(room_id.0, changes.last_ver);
            }
            Ok(changes) => self.send_page(room_id, &changes),
            Err(error) => {
                warn_unless_outage!(error, "sync failed");
                // Without the page there would be a hole, so the room stays silent until the client asks again.
                self.seat.expect_more(room_id.0);
                self.refuse(ErrorCode::Unavailable, None, Some(room_id));
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
        self.live.hub.figures.syncs.inc();
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
        let room = room_id
            .map(|id| id.0)
            .filter(|id| self.seat.is_settled(*id));
        let before = (self.seat.view.replace(room), self.away.replace(away));
        if before.1 != away {
            self.pass.set_away(away);
        }
        self.live
            .presence
            .look(self.seat.user_id, before, (room, away));
        match (room, room_id) {
            (Some(room), _) if before.0 != Some(room) => {
                self.seat.push(self.live.presence.frame(room));
            }
            (None, Some(unknown)) => self.refuse(ErrorCode::NotFound, None, Some(unknown)),
            _ => {}
        }
    }
}
