//! `GET /ws`: carries the frames of one window.

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

use super::frame_guard::{FrameGuard, GuardedPayload};
use crate::controllers::errors::sentence_of;
use crate::controllers::extractors::connecting_user::Arriving;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::middleware::anonymous_limit::{shortcut, tie};
use crate::controllers::{App, SocketLimits};
use crate::error::{Error, Result};
use crate::realtime::connection::Connection;
use crate::realtime::frames::Code;
use crate::realtime::rate_limit::Meter;
use crate::realtime::subscriber::Seat;
use crate::realtime::websocket;
use crate::realtime::websocket::CloseCode;
use crate::realtime::worker_hub::Desk;

/// After our close frame the peer has this long to answer with its own (RFC 6455, section 7.1.1).
const GOODBYE: Duration = Duration::from_secs(1);

/// `GET /ws`
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    Arriving(arrival): Arriving,
    payload: web::Payload,
) -> Result<HttpResponse> {
    require_upgrade(&request)?;
    let desk = request.app_data::<Rc<Desk>>().cloned();
    let desk = desk.ok_or_else(|| Error::internal("the worker has no desk"))?;
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
    // Not all that was asked: it would stay for as long as the connection.
    let (locale, chars) = (asked.locale(), app.live.limits.content_chars);
    let connection = Connection::open(
        desk,
        app.live.clone(),
        arrival,
        Box::new(move |code: Code| locale.translate(&sentence_of(code, chars))),
    )
    .await?;
    let seat = connection.seat.clone();
    tie(&request, &seat, app.sockets.farewell_seconds);
    shortcut(&request, &seat);
    let SocketLimits {
        frames, controls, ..
    } = app.sockets;
    let socket = Socket {
        frames: frames.map(Meter::new),
        controls: controls.map(Meter::new),
        connection,
        inbound,
        guard,
        _control: control,
        limits: app.sockets,
    };
    actix_web::rt::spawn(socket.run());
    Ok(response.map_body(|_, body| {
        BoxBody::new(SeatBody {
            seat,
            control: body,
        })
    }))
}

/// Checks what the library does not, or answers with another status: the protocol and its version (RFC 6455, section 4.2).
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
    // Frames begin where the head ends, so a body in pieces would be read as frames.
    let has_body = headers.contains_key(header::TRANSFER_ENCODING);
    if has_body || only(header::SEC_WEBSOCKET_KEY).is_none() {
        return Err(bad_handshake(()));
    }
    Ok(())
}

fn bad_handshake<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

/// The response's body: what the seat queues, encoded once for everybody.
struct SeatBody {
    seat: Rc<Seat>,
    /// The library's own body. While it lives, frames come in; dropping it ends them.
    control: BoxBody,
}

impl MessageBody for SeatBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        match this.seat.poll_wire(cx) {
            Poll::Pending => Pin::new(&mut this.control).poll_next(cx),
            Poll::Ready(wire) => Poll::Ready(wire.map(Ok)),
        }
    }
}

/// A socket's other half: what comes in, and the clock.
struct Socket {
    connection: Connection,
    inbound: AggregatedMessageStream,
    guard: Rc<std::cell::RefCell<FrameGuard>>,
    /// Kept because the library's body ends with it.
    _control: Session,
    limits: SocketLimits,
    /// What the client may still send; `None`: anything.
    frames: Option<Meter>,
    controls: Option<Meter>,
}

impl Socket {
    async fn run(mut self) {
        let seat = self.connection.seat.clone();
        if self.talk(&seat).await {
            let drained = poll_fn(|cx| self.guard.borrow_mut().poll_drain(cx));
            let _ = timeout(GOODBYE, drained).await;
        }
        seat.finish();
    }

    /// Answers frames until either side closes. Answers whether the peer should still be heard out.
    async fn talk(&mut self, seat: &Seat) -> bool {
        let SocketLimits { ping, pong, .. } = self.limits;
        let mut pings = interval_at(Instant::now() + ping, ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_until: Option<Instant> = None;
        loop {
            let silence = async {
                match silent_until {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            let is_ready = self.connection.is_ready();
            tokio::select! {
                () = seat.closed() => return true,
                () = silence => {
                    seat.close(CloseCode::GoingAway);
                    return false;
                }
                _ = pings.tick() => {
                    seat.push(websocket::ping());
                    silent_until.get_or_insert_with(|| Instant::now() + pong);
                }
                () = self.connection.settle_write() => {}
                message = self.inbound.recv(), if is_ready => {
                    silent_until = None;
                    match message {
                        Some(Ok(message)) => self.receive(seat, message).await,
                        Some(Err(error)) => seat.close(self.close_code(&error)),
                        None => return false,
                    }
                }
            }
        }
    }

    async fn receive(&mut self, seat: &Seat, message: AggregatedMessage) {
        let meter = match message {
            AggregatedMessage::Text(_) | AggregatedMessage::Binary(_) => &mut self.frames,
            _ => &mut self.controls,
        };
        if meter.as_mut().is_some_and(|meter| !meter.lets_through()) {
            return seat.close(CloseCode::Flooding);
        }
        match message {
            AggregatedMessage::Text(text) => self.connection.receive(&text).await,
            AggregatedMessage::Binary(_) => self.connection.refuse(Code::BadFrame, None, None),
            AggregatedMessage::Ping(payload) => seat.push(websocket::pong(&payload)),
            AggregatedMessage::Pong(_) => {}
            AggregatedMessage::Close(_) => seat.close(CloseCode::Normal),
        }
    }

    fn close_code(&self, error: &ProtocolError) -> CloseCode {
        match (self.guard.borrow().violation(), error) {
            (Some(code), _) => code,
            (None, ProtocolError::Overflow) => CloseCode::TooBig,
            (None, ProtocolError::Io(error)) => match error.kind() {
                ErrorKind::InvalidData => CloseCode::BadText,
                // So the library says that the pieces of a text add up to more than is allowed.
                _ => CloseCode::TooBig,
            },
            (None, _) => CloseCode::Protocol,
        }
    }
}
