//! Answers that a client takes compressed are sent so. What comes bit by bit, event streams and sockets, stays as it is.

use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

use crate::controllers::extractors::request_context::Asked;
use crate::views::assets::Encoding;
use crate::views::gzip;

/// Less is not worth it.
const LEAST: usize = 1024;

/// The middleware.
///
/// # Errors
/// Never one of its own.
pub async fn compression(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = next.call(request).await?.map_into_boxed_body();
    if !is_text(response.headers()) {
        return Ok(response);
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().append(header::VARY, vary);
    let asked = response.request().extensions().get::<Asked>().cloned();
    let takes_gzip = asked.is_some_and(|asked| asked.takes(Encoding::Gzip));
    if !takes_gzip || response.headers().contains_key(header::CONTENT_ENCODING) {
        return Ok(response);
    }
    Ok(response.map_body(|head, body| match body.try_into_bytes() {
        Ok(text) if text.len() >= LEAST => {
            let encoding = HeaderValue::from_static("gzip");
            head.headers_mut()
                .insert(header::CONTENT_ENCODING, encoding);
            BoxBody::new(Bytes::from(gzip::compress_fast(&text)))
        }
        Ok(text) => BoxBody::new(text),
        Err(body) => body,
    }))
}

fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE);
    media_type
        .and_then(|media_type| media_type.to_str().ok())
        .is_some_and(|media_type| {
            media_type != "text/event-stream"
                && [
                    "text/",
                    "application/json",
                    "application/manifest+json",
                    "image/svg+xml",
                ]
                .iter()
                .any(|text| media_type.starts_with(text))
        })
}
