//! `GET /ws`: the WebSocket of one browser window or client.

use std::future::{pending, poll_fn};
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::{Version, header};
use actix_web::web::{self, Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError, Session};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};

use super::attach;
use super::frame_guard::{FrameGuard, GuardedPayload};
use crate::controllers::extractors::connecting_user::ConnectingUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, SocketLimits};
use crate::error::{Error, Result};
use crate::protocol::websocket::CloseCode;
use crate::protocol::{ErrorCode, websocket};
use crate::realtime::connection::{Connection, Request};
use crate::realtime::rate_limit::TokenBucket;
use crate::realtime::subscriber::Subscriber;

/// Time for the peer to reply to our close frame with its own (RFC 6455, section 7.1.1).
const CLOSE_REPLY_TIMEOUT: Duration = Duration::from_secs(1);

/// `GET /ws`: completes the handshake and spawns the socket's task.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    ConnectingUser(connect_request): ConnectingUser,
    payload: web::Payload,
) -> Result<HttpResponse> {
    require_upgrade(&request)?;
    let guard = FrameGuard::new(payload.into_inner(), app.sockets.frame_max_bytes);
    let mut guarded = dev::Payload::from(
        Box::pin(GuardedPayload(guard.clone())) as actix_http::BoxedPayloadStream
    );
    let payload = web::Payload::from_request(&request, &mut guarded)
        .await
        .map_err(bad_handshake)?;
    let (response, control, inbound) =
        actix_ws::handle(&request, payload).map_err(bad_handshake)?;
    let inbound = inbound
        .max_frame_size(app.sockets.frame_max_bytes)
        .aggregate_continuations()
        .max_continuation_size(app.sockets.frame_max_bytes);
    let connection =
        attach::open(&app, &context, &request, connect_request, Subscriber::new).await?;
    let subscriber = connection.subscriber.clone();
    attach::enable_direct_writes(&request, &subscriber);
    let socket = Socket {
        data_frames: app.sockets.frame_rate.map(TokenBucket::new),
        control_frames: app.sockets.control_rate.map(TokenBucket::new),
        connection,
        inbound,
        guard,
        _control: control,
        limits: app.sockets,
    };
    actix_web::rt::spawn(socket.run());
    Ok(response.map_body(|_, body| {
        BoxBody::new(SubscriberBody {
            subscriber,
            control: body,
        })
    }))
}

/// Validates the handshake (RFC 6455, section 4.2) where the library does not, or returns another status.
///
/// # Errors
/// `UpgradeRequired` when the request does not ask for WebSocket 13 over HTTP/1.1; `BadRequest` for a body or a bad key.
fn require_upgrade(request: &HttpRequest) -> Result<()> {
    let headers = request.headers();
    let only = |name| {
        let mut values = headers.get_all(name).map(header::HeaderValue::as_bytes);
        values.next().filter(|_| values.next().is_none())
    };
    let connection = headers.get_all(header::CONNECTION);
    let mut options = connection.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let is_upgrade = request.version() == Version::HTTP_11
        && only(header::UPGRADE)
            .is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"websocket"))
        && options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
        && only(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version.trim_ascii() == b"13");
    if !is_upgrade {
        return Err(Error::UpgradeRequired);
    }
    // Frames begin after the head, so a chunked body would be parsed as frames.
    let has_body = headers.contains_key(header::TRANSFER_ENCODING);
    if has_body || only(header::SEC_WEBSOCKET_KEY).is_none() {
        return Err(bad_handshake(()));
    }
    Ok(())
}

fn bad_handshake<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

/// The response body: the frames in the subscriber's send queue, which were encoded once for all subscribers.
struct SubscriberBody {
    subscriber: Rc<Subscriber>,
    /// The library's own body; dropping it ends the stream of incoming frames.
    control: BoxBody,
}

impl MessageBody for SubscriberBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        match this.subscriber.poll_wire(cx) {
            Poll::Pending => Pin::new(&mut this.control).poll_next(cx),
            Poll::Ready(wire) => Poll::Ready(wire.map(Ok)),
        }
    }
}

/// The receiving half of a WebSocket, with its timeouts.
struct Socket {
    connection: Connection,
    inbound: AggregatedMessageStream,
    guard: Rc<std::cell::RefCell<FrameGuard>>,
    /// Held because dropping it ends the library's body.
    _control: Session,
    limits: SocketLimits,
    /// Rate limit of data frames.
    data_frames: Option<TokenBucket>,
    /// Rate limit of control frames.
    control_frames: Option<TokenBucket>,
}

impl Socket {
    async fn run(mut self) {
        let subscriber = self.connection.subscriber.clone();
        if self.receive_until_closed(&subscriber).await {
            let drained = poll_fn(|cx| self.guard.borrow_mut().poll_drain(cx));
            let _ = timeout(CLOSE_REPLY_TIMEOUT, drained).await;
        }
        subscriber.finish();
    }

    /// Handles frames until either side closes. Returns whether to wait for the peer's close frame.
    async fn receive_until_closed(&mut self, subscriber: &Subscriber) -> bool {
        let SocketLimits {
            ping_interval: ping,
            pong_timeout: pong,
            ..
        } = self.limits;
        let mut pings = interval_at(Instant::now() + ping, ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pong_deadline: Option<Instant> = None;
        loop {
            let pong_overdue = async {
                match pong_deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            let is_ready = self.connection.can_receive();
            tokio::select! {
                () = subscriber.closed() => return true,
                () = pong_overdue => {
                    subscriber.close(CloseCode::GoingAway);
                    return false;
                }
                _ = pings.tick() => {
                    subscriber.push(websocket::ping());
                    pong_deadline.get_or_insert_with(|| Instant::now() + pong);
                }
                () = self.connection.finish_next_write() => {}
                message = self.inbound.recv(), if is_ready => {
                    pong_deadline = None;
                    match message {
                        Some(Ok(message)) => self.receive(subscriber, message).await,
                        Some(Err(error)) => subscriber.close(self.close_code(&error)),
                        None => return false,
                    }
                }
            }
        }
    }

    async fn receive(&mut self, subscriber: &Subscriber, message: AggregatedMessage) {
        let meter = match message {
            AggregatedMessage::Text(_) | AggregatedMessage::Binary(_) => &mut self.data_frames,
            _ => &mut self.control_frames,
        };
        if meter.as_mut().is_some_and(|meter| !meter.try_acquire()) {
            return subscriber.close(CloseCode::Flooding);
        }
        match message {
            AggregatedMessage::Text(text) => self.connection.receive(&text).await,
            AggregatedMessage::Binary(_) => {
                let request = Request::default();
                self.connection.send_error(ErrorCode::BadFrame, &request)
            }
            AggregatedMessage::Ping(payload) => subscriber.push(websocket::pong(&payload)),
            AggregatedMessage::Pong(_) => {}
            AggregatedMessage::Close(_) => subscriber.close(CloseCode::Normal),
        }
    }

    /// Returns the close code for an error of the incoming stream.
    fn close_code(&self, error: &ProtocolError) -> CloseCode {
        match (self.guard.borrow().violation(), error) {
            (Some(code), _) => code,
            (None, ProtocolError::Overflow) => CloseCode::TooBig,
            (None, ProtocolError::Io(error)) => match error.kind() {
                ErrorKind::InvalidData => CloseCode::BadText,
                // The library's error for fragments that exceed the size limit together.
                _ => CloseCode::TooBig,
            },
            (None, _) => CloseCode::Protocol,
        }
    }
}
