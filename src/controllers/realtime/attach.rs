//! Opens a connection to the hub, and connects its subscriber to the TCP connection of its request.

use std::rc::Rc;

use actix_web::HttpRequest;

use crate::controllers::App;
use crate::controllers::errors::frame_error_message;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::connection_state::connection;
use crate::error::{Error, Result};
use crate::protocol::ErrorCode;
use crate::protocol::websocket::CloseCode;
use crate::realtime::connection::{ConnectRequest, Connection, MakeSubscriber};
use crate::realtime::subscriber::{DirectSink, Subscriber};
use crate::realtime::worker_hub::WorkerHub;

/// Opens the connection of a WebSocket or an event stream.
///
/// # Errors
/// Those of [`Connection::open`].
pub(super) async fn open(
    app: &App,
    context: &RequestContext,
    request: &HttpRequest,
    connect_request: ConnectRequest,
    make_subscriber: MakeSubscriber,
) -> Result<Connection> {
    let worker = request.app_data::<Rc<WorkerHub>>().cloned();
    let worker = worker.ok_or_else(|| Error::internal("the worker has no hub"))?;
    // Only these values: the context would stay in memory as long as the connection.
    let (locale, chars) = (context.locale(), app.realtime.limits.content_chars);
    let error_texts =
        Box::new(move |code: ErrorCode| locale.translate(&frame_error_message(code, chars)));
    let realtime = app.realtime.clone();
    let connection = Connection::open(
        worker,
        realtime,
        connect_request,
        make_subscriber,
        error_texts,
    )
    .await?;
    let subscriber = &connection.subscriber;
    bind_lifetimes(request, subscriber, app.sockets.close_grace_seconds);
    Ok(connection)
}

/// Closes the TCP connection when the subscriber closes, and closes the subscriber (4008) when the peer stops reading.
fn bind_lifetimes(request: &HttpRequest, subscriber: &Rc<Subscriber>, close_grace_seconds: u32) {
    let Some(connection) = connection(request) else {
        return;
    };
    let (closing, slow) = (connection.clone(), Rc::downgrade(subscriber));
    subscriber.on_close(move || closing.close_within(close_grace_seconds));
    connection.on_stall(move || {
        if let Some(subscriber) = slow.upgrade() {
            let user_id = subscriber.user_id;
            tracing::debug!(user_id, "client stopped reading; closing with 4008");
            subscriber.close(CloseCode::TooSlow);
        }
    });
}

/// Closes the connection when its peer closes it or its sending half. Event streams need this, because HTTP notices a
/// closed peer only when it writes.
pub(super) fn close_with_peer(request: &HttpRequest) {
    if let Some(connection) = connection(request) {
        connection.close_with_peer();
    }
}

impl DirectSink for teahouse_transport::Connection {
    fn try_write(&self, bytes: &[u8]) -> usize {
        self.try_write(bytes)
    }

    fn is_writable(&self) -> bool {
        self.is_writable()
    }
}

/// Lets the subscriber write directly to the connection. What the connection does not take at once is sent in the response
/// body. The subscriber begins only after the body was polled, so that it cannot overtake the response head.
pub(super) fn enable_direct_writes(request: &HttpRequest, subscriber: &Subscriber) {
    if let Some(connection) = connection(request).cloned() {
        subscriber.set_direct_sink(connection);
    }
}
