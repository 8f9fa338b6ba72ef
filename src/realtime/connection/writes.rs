//! Handles `post`, `edit` and `delete` frames.

use std::time::Instant;

use super::{Connection, PendingWrite};
use crate::protocol::commands::{MessageRef, StoredMessage, WriteCommand};
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::CloseCode;
use crate::protocol::{ErrorCode, Id};
use futures_util::StreamExt;

/// Number of consecutive rate-limited writes after which the connection is closed with 4029.
const MAX_REJECTED_IN_A_ROW: u32 = 100;

impl Connection {
    /// Takes a token of the user's rate limit; closes the connection after too many failures.
    fn may_write(&mut self) -> bool {
        if self
            .realtime
            .rate_limiter
            .try_acquire(self.subscriber.user_id)
            .is_ok()
        {
            self.rejected_in_a_row = 0;
            return true;
        }
        self.rejected_in_a_row += 1;
        if self.rejected_in_a_row > MAX_REJECTED_IN_A_ROW {
            self.subscriber.close(CloseCode::Flooding);
        }
        false
    }

    pub(super) fn post(&mut self, client_id: String, room_id: Id, content: &str) {
        if !self.may_write() {
            return self.send_post_error(ErrorCode::RateLimited, &client_id, Some(room_id));
        }
        let store = &self.realtime.store;
        match store.validate_message(self.subscriber.user_id, room_id.0, &client_id, content) {
            Ok(message) => {
                let result = self.realtime.writer.write(WriteCommand::Post(message));
                let room_id = Some(room_id);
                let since = Instant::now();
                let pending = PendingWrite::Post {
                    client_id,
                    room_id,
                    since,
                };
                self.writes
                    .push(Box::pin(async move { (pending, result.await) }));
            }
            Err(code) => self.send_post_error(code, &client_id, Some(room_id)),
        }
    }

    /// Posts to the direct room with another user.
    pub(super) fn post_direct(&mut self, client_id: String, to: String, content: String) {
        if !self.may_write() {
            return self.send_post_error(ErrorCode::RateLimited, &client_id, None);
        }
        let (realtime, user_id, since) = (
            self.realtime.clone(),
            self.subscriber.user_id,
            Instant::now(),
        );
        self.writes.push(Box::pin(async move {
            let result = realtime
                .post_direct(user_id, &to, &client_id, &content)
                .await;
            let pending = PendingWrite::Post {
                client_id,
                room_id: None,
                since,
            };
            (pending, result)
        }));
    }

    pub(super) fn message_ref(&self, room_id: Id, seq: i64) -> MessageRef {
        MessageRef {
            room_id: room_id.0,
            seq,
            user_id: self.subscriber.user_id,
        }
    }

    pub(super) fn edit(&mut self, room_id: Id, seq: i64, content: &str) {
        let target = self.message_ref(room_id, seq);
        match self.realtime.store.validate_content(content) {
            Ok(content) => self.change(room_id, seq, WriteCommand::Edit { target, content }),
            Err(code) => self.send_change_error(code, room_id, seq),
        }
    }

    pub(super) fn change(&mut self, room_id: Id, seq: i64, write: WriteCommand) {
        if !self.may_write() {
            return self.send_change_error(ErrorCode::RateLimited, room_id, seq);
        }
        let result = self.realtime.writer.write(write);
        let pending = PendingWrite::Change { room_id, seq };
        self.writes
            .push(Box::pin(async move { (pending, result.await) }));
    }

    /// Waits for the next write to finish and sends its result. Never resolves while no write is in progress.
    pub async fn finish_next_write(&mut self) {
        let Some((pending, result)) = self.writes.next().await else {
            return std::future::pending().await;
        };
        match (pending, result) {
            (
                PendingWrite::Post {
                    client_id, since, ..
                },
                Ok(StoredMessage { message, .. }),
            ) => {
                self.realtime.hub.metrics.acknowledged(since.elapsed());
                self.subscriber.push(
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
                self.send_post_error(code, &client_id, room_id);
            }
            // Subscribers receive the changed message live; others, and senders of retries, receive it here.
            (PendingWrite::Change { .. }, Ok(StoredMessage { message, is_new })) => {
                if !is_new || !self.subscriber.is_subscribed(message.room_id.0) {
                    self.subscriber
                        .push(ServerFrame::Message(&message).encode());
                }
            }
            (PendingWrite::Change { room_id, seq }, Err(code)) => {
                self.send_change_error(code, room_id, seq)
            }
        }
    }
}
