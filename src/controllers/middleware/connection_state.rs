//! Reports the start and the end of each response to its TCP connection, which chooses its timeouts by them.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpRequest;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use teahouse_transport::Connection;

/// Marks the response as ended when dropped.
struct ResponseGuard(Option<Rc<Connection>>);

impl Drop for ResponseGuard {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.end_response();
        }
    }
}

/// A response body whose drop ends the response.
pub struct TrackedBody {
    body: BoxBody,
    _guard: ResponseGuard,
}

impl MessageBody for TrackedBody {
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

/// Returns the TCP connection of a request; `None` in tests without a server.
pub(in crate::controllers) fn connection(request: &HttpRequest) -> Option<&Rc<Connection>> {
    request.conn_data::<Rc<Connection>>()
}

/// The outermost middleware: marks the response as begun before the request is handled, and as ended when its body is
/// dropped.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn track_response(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<TrackedBody>, actix_web::Error> {
    let connection = connection(request.request()).cloned();
    if let Some(connection) = &connection {
        connection.begin_response();
    }
    let _guard = ResponseGuard(connection);
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| TrackedBody { body, _guard }))
}
