//! Handles `read`, `typing`, `sync` and `view` frames.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::time::timeout;

use super::{Connection, Request};
use crate::error::Error;
use crate::error::outage::warn_unless_outage;
use crate::protocol::commands::Changes;
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::CloseCode;
use crate::protocol::{ErrorCode, Id};
use crate::realtime::hub::worker_commands::Audience;

/// Minimum interval between a client's `typing` notifications.
const TYPING_INTERVAL: Duration = Duration::from_secs(2);
/// A page of `sync` ends after this many bytes.
const SYNC_PAGE_BYTES: usize = 512 * 1024;
/// Time that `sync` waits for the send queue to drain.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

impl Connection {
    pub(super) async fn mark_read(&self, room_id: Id, seq: i64, unread: bool) {
        match self
            .realtime
            .mark_read(&self.user, room_id.0, seq, unread)
            .await
        {
            Ok(_) => {}
            Err(Error::NotFound) => {
                self.send_error(ErrorCode::NotFound, &Request::in_room(room_id))
            }
            Err(error) => {
                warn_unless_outage!(error, "cannot store a read position");
                self.send_error(ErrorCode::Unavailable, &Request::in_room(room_id));
            }
        }
    }

    /// Notifies windows that show the room, at most every two seconds.
    pub(super) fn typing(&mut self, room_id: Id) {
        if !self.subscriber.knows_room(room_id.0) {
            return self.send_error(ErrorCode::NotFound, &Request::in_room(room_id));
        }
        let now = Instant::now();
        if self
            .last_typing_at
            .is_some_and(|at| now.duration_since(at) < TYPING_INTERVAL)
        {
            return;
        }
        self.last_typing_at = Some(now);
        let user = &self.user;
        let frame = ServerFrame::Typing { room_id, user }.encode();
        self.realtime
            .hub
            .send_to_room(room_id.0, Audience::Viewers, frame);
    }

    /// Sends a page of changes. Live changes are buffered until the last page is sent.
    pub(super) async fn sync(&self, room_id: Id, ver: i64) {
        let knows_room = self.subscriber.knows_room(room_id.0);
        let Some(subscription) = self
            .subscriber
            .subscription(room_id.0)
            .filter(|_| knows_room)
        else {
            return self.send_error(ErrorCode::NotFound, &Request::in_room(room_id));
        };
        self.subscriber.start_buffering(room_id.0);
        let changes = self.realtime.store.changes(room_id.0, ver).await;
        if timeout(DRAIN_TIMEOUT, self.subscriber.drained())
            .await
            .is_err()
        {
            return self.subscriber.close(CloseCode::TooSlow);
        }
        if !self
            .subscriber
            .is_current_subscription(room_id.0, &subscription)
        {
            // The user was removed meanwhile and may not see the page.
            return self.send_error(ErrorCode::NotFound, &Request::in_room(room_id));
        }
        match changes {
            Ok(changes) if changes.last_ver < ver => {
                self.realtime.hub.metrics.resyncs.inc();
                self.subscriber
                    .push(ServerFrame::Resync { room_id }.encode());
                self.subscriber.go_live(room_id.0, changes.last_ver);
            }
            Ok(changes) => self.send_page(room_id, &changes),
            Err(error) => {
                warn_unless_outage!(error, "cannot read a page of changes for sync");
                // Live changes would leave a gap before them; they are dropped until the client syncs again.
                self.subscriber.start_syncing(room_id.0);
                self.send_error(ErrorCode::Unavailable, &Request::in_room(room_id));
            }
        }
    }

    fn send_page(&self, room_id: Id, changes: &Changes) {
        let mut wire = BytesMut::new();
        let (mut ver, mut more) = (changes.ver, changes.more);
        for (index, message) in changes.messages.iter().enumerate() {
            ServerFrame::Message(message).encode_into(&mut wire);
            if wire.len() > SYNC_PAGE_BYTES && index + 1 < changes.messages.len() {
                (ver, more) = (message.ver, true);
                break;
            }
        }
        self.realtime.hub.metrics.syncs.inc();
        ServerFrame::Synced { room_id, ver, more }.encode_into(&mut wire);
        self.subscriber.push(wire.freeze());
        if more {
            self.subscriber.start_syncing(room_id.0);
        } else {
            self.subscriber.go_live(room_id.0, ver);
        }
    }

    /// Handles a window that shows another room, or whose user goes away or returns.
    pub fn view(&self, room_id: Option<Id>, away: bool) {
        let room = room_id
            .map(|id| id.0)
            .filter(|id| self.subscriber.knows_room(*id));
        let before = (self.subscriber.view.replace(room), self.away.replace(away));
        if before.1 != away {
            self.permit.set_away(away);
        }
        self.realtime
            .presence
            .set_view(self.subscriber.user_id, before, (room, away));
        match (room, room_id) {
            (Some(room), _) if before.0 != Some(room) => {
                self.subscriber.push(self.realtime.presence.frame(room));
            }
            (None, Some(unknown)) => {
                self.send_error(ErrorCode::NotFound, &Request::in_room(unknown))
            }
            _ => {}
        }
    }
}
