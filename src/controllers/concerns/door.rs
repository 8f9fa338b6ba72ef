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

use super::client_address::client_address;
use super::current_user::token;
use super::own_cookies;
use crate::controllers::App;
use crate::error::Error;
use crate::realtime::seat::{Outlet, Seat};
use crate::realtime::wire::CloseCode;
use crate::transport::line::Line;
use crate::transport::strangers::Visit;

/// When to try again after a refusal, in seconds.
pub const CROWDED_SECONDS: u64 = 5;

/// Requests of strangers are counted while they are answered.
type Counted = Rc<Cell<Option<Visit>>>;

/// The connection's line is at work until the answer is complete.
struct Serving(Option<Rc<Line>>);

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.rest();
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

fn line_of(request: &HttpRequest) -> Option<&Rc<Line>> {
    request.conn_data::<Rc<Line>>()
}

/// The outermost middleware: tells the connection when a request is being answered.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn serving(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<Served>, actix_web::Error> {
    let line = line_of(request.request()).cloned();
    if let Some(line) = &line {
        line.serve();
    }
    let _serving = Serving(line);
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
    let visit = visit(request.request());
    let is_crowded = visit.as_ref().is_some_and(Visit::is_crowded);
    request
        .extensions_mut()
        .insert(Counted::new(Cell::new(visit)));
    if is_crowded && !shows_session(request.request()) {
        return Ok(request.error_response(Error::TooManyConnections));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn visit(request: &HttpRequest) -> Option<Visit> {
    let app = request.app_data::<Data<App>>()?;
    app.requests.strangers.visit(client_address(request)?)
}

fn shows_session(request: &HttpRequest) -> bool {
    let name = request
        .app_data::<Data<App>>()
        .map(|app| app.site.cookie_name());
    let has_cookie = name.is_some_and(|name| {
        let mut cookies = own_cookies::pairs(request.headers());
        cookies.any(|(other, _)| other == name.as_bytes())
    });
    has_cookie || token(request).is_some()
}

/// The request's session is a real one: neither it nor its connection counts as a stranger's any more.
pub fn welcome(request: &HttpRequest) {
    if let Some(counted) = request.extensions().get::<Counted>() {
        counted.take();
    }
    if let Some(line) = line_of(request) {
        line.is_known();
    }
}

/// Ends the connection with its seat, and the seat with a connection that takes nothing: 4008 where the peer can still
/// read it.
pub fn tie(request: &HttpRequest, seat: &Rc<Seat>, farewell_seconds: u32) {
    let Some(line) = line_of(request) else {
        return;
    };
    let (ending, slow) = (line.clone(), Rc::downgrade(seat));
    seat.when_closed(move || ending.end_within(farewell_seconds));
    line.when_slow(move || {
        if let Some(seat) = slow.upgrade() {
            tracing::debug!(user_id = seat.user_id, "a reader takes nothing");
            seat.close(CloseCode::TooSlow);
        }
    });
}

/// Ends the connection when its peer closes it or stops sending: for event streams, of which HTTP would notice that only
/// when it writes.
pub fn end_with_peer(request: &HttpRequest) {
    if let Some(line) = line_of(request) {
        line.end_with_peer();
    }
}

impl Outlet for Line {
    fn write_now(&self, bytes: &[u8]) -> usize {
        Line::write_now(self, bytes)
    }

    fn is_open(&self) -> bool {
        self.is_clear()
    }
}

/// What a seat sends goes straight to its connection, past the answer's body, which carries what the connection does not
/// take at once. Before the body has been asked for more than it has, it would overtake the answer's head.
pub fn shortcut(request: &HttpRequest, seat: &Seat) {
    if let Some(line) = line_of(request).cloned() {
        seat.open_outlet(line);
    }
}
