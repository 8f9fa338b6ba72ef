//! What a socket writes: new messages, edits, deletions.

use std::time::Instant;

use super::{PendingWrite, Connection};
use crate::realtime::frames::{ErrorCode, Id, ServerFrame};
use crate::realtime::store::{StoredMessage, MessageRef, WriteCommand};
use crate::realtime::websocket::CloseCode;
use futures_util::StreamExt;

/// So many refused writes in a row are a flood.
const FLOOD: u32 = 100;

impl Connection {
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

    pub(super) fn post(&mut self, client_id: String, room_id: Id, content: &str) {
        if !self.may_write() {
            return self.refuse_post(ErrorCode::RateLimited, &client_id, Some(room_id));
        }
        let store = &self.live.store;
        match store.draft(self.seat.user_id, room_id.0, &client_id, content) {
            Ok(draft) => {
                let verdict = self.live.writer.write(WriteCommand::Post(draft));
                let room_id = Some(room_id);
                let since = Instant::now();
                let asked = PendingWrite::Post {
                    client_id,
                    room_id,
                    since,
                };
                self.writes
                    .push(Box::pin(async move { (asked, verdict.await) }));
            }
            Err(code) => self.refuse_post(code, &client_id, Some(room_id)),
        }
    }

    /// Says something to a person, in the conversation with them.
    pub(super) fn post_to(&mut self, client_id: String, to: String, content: String) {
        if !self.may_write() {
            return self.refuse_post(ErrorCode::RateLimited, &client_id, None);
        }
        let (live, user_id, since) = (self.live.clone(), self.seat.user_id, Instant::now());
        self.writes.push(Box::pin(async move {
            let verdict = live.post_to(user_id, &to, &client_id, &content).await;
            let asked = PendingWrite::Post {
                client_id,
                room_id: None,
                since,
            };
            (asked, verdict)
        }));
    }

    pub(super) fn target(&self, room_id: Id, seq: i64) -> MessageRef {
        MessageRef {
            room_id: room_id.0,
            seq,
            user_id: self.seat.user_id,
        }
    }

    pub(super) fn edit(&mut self, room_id: Id, seq: i64, content: &str) {
        let target = self.target(room_id, seq);
        match self.live.store.content(content) {
            Ok(content) => self.change(room_id, seq, WriteCommand::Edit { target, content }),
            Err(code) => self.refuse_change(code, room_id, seq),
        }
    }

    pub(super) fn change(&mut self, room_id: Id, seq: i64, write: WriteCommand) {
        if !self.may_write() {
            return self.refuse_change(ErrorCode::RateLimited, room_id, seq);
        }
        let verdict = self.live.writer.write(write);
        let asked = PendingWrite::Change { room_id, seq };
        self.writes
            .push(Box::pin(async move { (asked, verdict.await) }));
    }

    /// Waits for the next write to be done or refused, and tells. Pending for ever when none is under way.
    pub async fn settle_write(&mut self) {
        let Some((asked, verdict)) = self.writes.next().await else {
            return std::future::pending().await;
        };
        match (asked, verdict) {
            (
                PendingWrite::Post {
                    client_id, since, ..
                },
                Ok(StoredMessage { message, .. }),
            ) => {
                self.live.hub.figures.acknowledged(since.elapsed());
                self.seat.push(
                    ServerFrame::Ack {
                        client_id: &client_id,
                        room_id: message.room_id,
                        id: message.id,
                        seq: message.seq,
                        ver: message.ver,
                        created_at: &message.created_at,
                    }
                    .encode(),
                );
            }
            (
                PendingWrite::Post {
                    client_id, room_id, ..
                },
                Err(code),
            ) => {
                self.refuse_post(code, &client_id, room_id);
            }
            // A change that was done comes live, to everybody alike.
            (PendingWrite::Change { .. }, Ok(StoredMessage { message, is_new })) => {
                if !is_new || !self.seat.follows(message.room_id.0) {
                    self.seat.push(ServerFrame::Message(&message).encode());
                }
            }
            (PendingWrite::Change { room_id, seq }, Err(code)) => self.refuse_change(code, room_id, seq),
        }
    }
}
