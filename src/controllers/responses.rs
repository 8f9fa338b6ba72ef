//! Common responses: pages and redirects, and their parts.

use actix_web::HttpResponse;
use actix_web::cookie::Cookie;
use actix_web::http::{StatusCode, header};

use super::extractors::request_context::RequestContext;
use super::state::App;
use crate::error::{Error, Result};
use crate::views::assets::Encoding;
use crate::views::gzip;
use crate::views::layout::Page;
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
pub(crate) fn redirect_or_no_content(context: &RequestContext, location: &str) -> HttpResponse {
    match context.expects_json() {
        true => HttpResponse::NoContent().finish(),
        false => see_other(location),
    }
}

/// Returns the response with another status.
pub(crate) fn with_status(mut response: HttpResponse, status: StatusCode) -> HttpResponse {
    *response.status_mut() = status;
    response
}

/// Adds a cookie to the response.
pub(crate) fn with_cookie(mut response: HttpResponse, cookie: &Cookie<'_>) -> Result<HttpResponse> {
    response.add_cookie(cookie).map_err(Error::internal)?;
    Ok(response)
}

/// Returns the layout of a page without a signed-in user.
pub(crate) fn signed_out_page(context: &RequestContext) -> Page {
    Page::signed_out(context.display_preferences())
}

/// Redirects with 303, so that the browser requests `location` with GET.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}
