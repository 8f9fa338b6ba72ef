//! Compresses text responses with gzip if the client accepts it. Streamed bodies (event streams and sockets) are not
//! compressed.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

use crate::controllers::extractors::request_context::RequestContext;
use crate::views::assets::Encoding;
use crate::views::gzip;

/// Shorter bodies are not compressed.
const MIN_BYTES: usize = 1024;

/// Media types of text, by prefix. `text/event-stream` is excluded.
const TEXT_TYPES: [&str; 4] = [
    "text/",
    "application/json",
    "application/manifest+json",
    "image/svg+xml",
];

/// Middleware that compresses responses.
///
/// # Errors
/// Those of the request, unchanged.
pub async fn compress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut response = next.call(request).await?.map_into_boxed_body();
    if !is_text(response.headers()) {
        return Ok(response);
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().append(header::VARY, vary);
    let context = RequestContext::of(response.request());
    let accepts_gzip = context.accepts_encoding(Encoding::Gzip);
    if !accepts_gzip || response.headers().contains_key(header::CONTENT_ENCODING) {
        return Ok(response);
    }
    Ok(response.map_body(|head, body| match body.try_into_bytes() {
        Ok(text) if text.len() >= MIN_BYTES => {
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
                && TEXT_TYPES.iter().any(|text| media_type.starts_with(text))
        })
}
