//! The frame around every request: failures get their answer and every answer its headers.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse};

use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, errors};
use crate::error::Error;

/// What every answer carries.
pub const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; \
         connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
         magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
];
/// … and on https this: `Strict-Transport-Security`.
pub const STRICT_TRANSPORT: &str = "max-age=63072000";

/// The same as lines of a head, for responses that are made below the application.
pub fn header_lines(app: &App) -> String {
    let strict = ("strict-transport-security", STRICT_TRANSPORT);
    let strict = app.site.is_secure().then_some(strict);
    let kept = ("cache-control", "no-store");
    let all = HEADERS.into_iter().chain(strict).chain([kept]);
    all.map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect()
}

/// The middleware.
///
/// # Errors
/// Never one that has no answer yet.
pub async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(Error::internal("the application has no data").into());
    };
    let asked = Asked::of(request.request());
    request.extensions_mut().insert(asked.clone());
    match next.call(request).await {
        Ok(response) => {
            let answer = response
                .response()
                .error()
                .map(|error| answer(error, &asked, &app));
            let mut response = match answer {
                Some(answer) => response.into_response(answer),
                None => response.map_into_boxed_body(),
            };
            set_headers(response.headers_mut(), &app);
            Ok(response)
        }
        Err(error) => {
            let mut answer = answer(&error, &asked, &app);
            set_headers(answer.headers_mut(), &app);
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

fn answer(error: &actix_web::Error, asked: &Asked, app: &App) -> HttpResponse {
    // The session store fails only when the database does.
    let other = || Error::Unavailable(error.to_string());
    let known: Option<&Error> = error.as_error();
    let other = known.is_none().then(other);
    let Some(error) = known.or(other.as_ref()) else {
        return HttpResponse::InternalServerError().finish();
    };
    app.metrics.failed(errors::code_of(error));
    errors::respond(error, asked, &app.templates)
}

fn set_headers(headers: &mut HeaderMap, app: &App) {
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if app.site.is_secure() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(STRICT_TRANSPORT),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
