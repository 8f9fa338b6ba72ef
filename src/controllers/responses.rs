//! Common responses: pages and redirects.

use actix_web::HttpResponse;
use actix_web::http::header;

use super::extractors::request_context::RequestContext;
use super::state::App;
use crate::error::{Error, Result};
use crate::views::assets::Encoding;
use crate::views::gzip;
use crate::views::templates::View;

/// Renders a view as HTML with `Cache-Control: no-store`.
pub(crate) fn page<V: View>(app: &App, view: &V) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok()
        .insert_header(header::ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(app.templates.render(view)?))
}

/// Returns HTML from a gzip file, decompressed for clients that do not accept gzip.
pub(crate) fn gzip_html(
    context: &RequestContext,
    file: Vec<u8>,
    cache_control: &'static str,
) -> Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response
        .insert_header(header::ContentType::html())
        .insert_header((header::CACHE_CONTROL, cache_control));
    Ok(match context.accepts_encoding(Encoding::Gzip) {
        true => response
            .insert_header((header::CONTENT_ENCODING, "gzip"))
            .body(file),
        false => response.body(gzip::decompress(&file).map_err(Error::internal)?),
    })
}

/// Returns 204 to JSON clients, and redirects browsers to `location`.
pub(crate) fn redirect_or_no_content(
    context: &RequestContext,
    is_json: bool,
    location: &str,
) -> HttpResponse {
    match is_json || context.wants_json {
        true => HttpResponse::NoContent().finish(),
        false => see_other(location),
    }
}

/// Redirects with 303, so that the browser requests `location` with GET.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
