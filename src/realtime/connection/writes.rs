//! Handles `post`, `edit` and `delete` frames.

use std::time::Instant;

use futures_util::StreamExt;

use super::{Connection, Request};
use crate::protocol::commands::{Change, MessageRef, WriteCommand, WriteResult};
use crate::protocol::frames::ServerFrame;
use crate::protocol::websocket::CloseCode;
use crate::protocol::{ErrorCode, Id};

/// Number of consecutive rate-limited writes after which the connection is closed with 4029.
const MAX_REJECTED_IN_A_ROW: u32 = 100;

impl Connection {
    /// Takes a token of the user's rate limit; closes the connection after too many failures.
    fn check_rate_limit(&mut self) -> Result<(), ErrorCode> {
        let user_id = self.subscriber.user_id;
        if self.realtime.rate_limiter.try_acquire(user_id).is_ok() {
            self.rejected_in_a_row = 0;
            return Ok(());
        }
        self.rejected_in_a_row += 1;
        if self.rejected_in_a_row > MAX_REJECTED_IN_A_ROW {
            self.subscriber.close(CloseCode::Flooding);
        }
        Err(ErrorCode::RateLimited)
    }

    pub(super) fn post(&mut self, client_id: String, room_id: Id, content: &str) {
        let (user_id, id) = (self.subscriber.user_id, client_id.as_str());
        let message = self.check_rate_limit().and_then(|()| {
            let store = &self.realtime.store;
            store.validate_message(user_id, room_id.0, id, content)
        });
        let request = Request {
            client_id: Some(client_id),
            ..Request::in_room(room_id)
        };
        self.submit(request, message.map(WriteCommand::Post));
    }

    /// Posts to the direct room with another user.
    pub(super) fn post_direct(&mut self, client_id: String, to: String, content: String) {
        let allowed = self.check_rate_limit();
        let request = Request {
            client_id: Some(client_id.clone()),
            ..Request::default()
        };
        if let Err(code) = allowed {
            return self.send_error(code, &request);
        }
        let (realtime, user_id) = (self.realtime.clone(), self.subscriber.user_id);
        self.wait_for(request, async move {
            let post = realtime.post_direct(user_id, &to, &client_id, &content);
            post.await
        });
    }

    /// Changes a message.
    pub(super) fn change(&mut self, room_id: Id, seq: i64, change: Result<Change, ErrorCode>) {
        let target = MessageRef {
            room_id: room_id.0,
            seq,
            user_id: self.subscriber.user_id,
        };
        let write = change.and_then(|change| {
            self.check_rate_limit()?;
            Ok(WriteCommand::Change(target, change))
        });
        let request = Request {
            seq: Some(seq),
            ..Request::in_room(room_id)
        };
        self.submit(request, write);
    }

    fn submit(&mut self, request: Request, write: Result<WriteCommand, ErrorCode>) {
        match write {
            Ok(write) => {
                let result = self.realtime.writer.write(write);
                self.wait_for(request, result);
            }
            Err(code) => self.send_error(code, &request),
        }
    }

    fn wait_for(&mut self, request: Request, result: impl Future<Output = WriteResult> + 'static) {
        let since = Instant::now();
        self.writes
            .push(Box::pin(async move { (request, since, result.await) }));
    }

    /// Waits for the next write to finish and sends its result. Never resolves while no write is in progress.
    pub async fn finish_next_write(&mut self) {
        let Some((request, since, result)) = self.writes.next().await else {
            return std::future::pending().await;
        };
        match (&request.client_id, result) {
            (_, Err(code)) => self.send_error(code, &request),
            (Some(client_id), Ok(stored)) => {
                let seconds = since.elapsed().as_secs_f64();
                self.realtime.hub.metrics.ack_seconds.observe(seconds);
                let message = &stored.message;
                let ack = ServerFrame::Ack {
                    client_id,
                    room_id: message.room_id,
                    id: message.id,
                    seq: message.seq,
                    ver: message.ver,
                    created_at: &message.created_at,
                };
                self.subscriber.push(ack.encode());
            }
            // Subscribers receive the changed message live; others, and senders of retries, receive it here.
            (None, Ok(stored)) => {
                let room_id = stored.message.room_id.0;
                if !stored.is_new || !self.subscriber.is_subscribed(room_id) {
                    let frame = ServerFrame::Message(&stored.message);
                    self.subscriber.push(frame.encode());
                }
            }
        }
    }
}
