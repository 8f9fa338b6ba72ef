//! Who comes in: connections as HTTP sees them, and strangers who are too many.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpMessage, HttpRequest};
use teahouse_transport::{AnonymousGuard, Connection};

use crate::controllers::App;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::cookies;
use crate::controllers::extractors::current_user::token;
use crate::error::Error;
use crate::realtime::subscriber::{DirectSink, Subscriber};
use crate::realtime::websocket::CloseCode;

/// When to try again after a refusal, in seconds.
pub const CROWDED_SECONDS: u64 = 5;

/// Requests of strangers are counted while they are answered.
type Counted = Rc<Cell<Option<AnonymousGuard>>>;

/// Ends the response of its connection when dropped.
struct Serving(Option<Rc<Connection>>);

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.end_response();
        }
    }
}

/// An answer's body, with its connection.
pub struct Served {
    body: BoxBody,
    _serving: Serving,
}

impl MessageBody for Served {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

fn connection(request: &HttpRequest) -> Option<&Rc<Connection>> {
    request.conn_data::<Rc<Connection>>()
}

/// The outermost middleware: tells the connection when a request is being answered.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn serving(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<Served>, actix_web::Error> {
    let connection = connection(request.request()).cloned();
    if let Some(connection) = &connection {
        connection.begin_response();
    }
    let _serving = Serving(connection);
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| Served { body, _serving }))
}

/// The middleware: refuses those who are not signed in when their address has too many requests under way. Whoever
/// shows a session is let through, and no longer counted when it is a real one.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn door(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let guard = track(request.request());
    let is_over_limit = guard.as_ref().is_some_and(AnonymousGuard::is_over_limit);
    request
        .extensions_mut()
        .insert(Counted::new(Cell::new(guard)));
    if is_over_limit && !shows_session(request.request()) {
        return Ok(request.error_response(Error::TooManyConnections));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn track(request: &HttpRequest) -> Option<AnonymousGuard> {
    let app = request.app_data::<Data<App>>()?;
    app.requests
        .anonymous_limiter
        .track(client_address(request)?)
}

fn shows_session(request: &HttpRequest) -> bool {
    let name = request
        .app_data::<Data<App>>()
        .map(|app| app.site.cookie_name());
    let has_cookie = name.is_some_and(|name| {
        let mut cookies = cookies::pairs(request.headers());
        cookies.any(|(other, _)| other == name.as_bytes())
    });
    has_cookie || token(request).is_some()
}

/// The request's session is a real one: neither it nor its connection counts as a stranger's any more.
pub fn welcome(request: &HttpRequest) {
    if let Some(counted) = request.extensions().get::<Counted>() {
        counted.take();
    }
    if let Some(connection) = connection(request) {
        connection.mark_authenticated();
    }
}

/// Closes the connection when the seat closes, and the seat (4008) when the peer stops reading.
pub fn tie(request: &HttpRequest, seat: &Rc<Subscriber>, farewell_seconds: u32) {
    let Some(connection) = connection(request) else {
        return;
    };
    let (closing, slow) = (connection.clone(), Rc::downgrade(seat));
    seat.on_close(move || closing.close_within(farewell_seconds));
    connection.on_stall(move || {
        if let Some(seat) = slow.upgrade() {
            let user_id = seat.user_id;
            tracing::debug!(user_id, "client stopped reading; closing with 4008");
            seat.close(CloseCode::TooSlow);
        }
    });
}

/// Closes the connection when its peer closes it or its sending half. For event streams: HTTP notices that only when it
/// writes.
pub fn close_with_peer(request: &HttpRequest) {
    if let Some(connection) = connection(request) {
        connection.close_with_peer();
    }
}

impl DirectSink for Connection {
    fn try_write(&self, bytes: &[u8]) -> usize {
        self.try_write(bytes)
    }

    fn is_writable(&self) -> bool {
        self.is_writable()
    }
}

/// What a seat sends goes straight to its connection, past the answer's body, which carries what the connection does not
/// take at once. Before the body has been asked for more than it has, it would overtake the answer's head.
pub fn shortcut(request: &HttpRequest, seat: &Subscriber) {
    if let Some(connection) = connection(request).cloned() {
        seat.set_direct_sink(connection);
    }
}
