//! Maps errors to HTTP statuses and localized messages. Nothing else does.

use std::collections::BTreeMap;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::anonymous_limit::RETRY_AFTER_SECONDS;
use crate::error::outage::is_caused_by_outage;
use crate::error::{Error, LocalizedMessage, chain};
use crate::protocol::ErrorCode;
use crate::views::pages::errors::ErrorPage;
use crate::views::templates::Templates;

/// `Retry-After` of a 503, in seconds.
const UNAVAILABLE_SECONDS: u64 = 2;
/// `Retry-After` of a 503 caused by GitHub, in seconds.
const GITHUB_SECONDS: u64 = 30;

/// Returns status, error code and message.
fn describe(error: &Error) -> (StatusCode, &'static str, LocalizedMessage) {
    let (status, code, message) = match error {
        Error::Invalid(_) => (422, "invalid", "error-bad-request".into()),
        Error::BadRequest(message) => (400, "bad_request", message.clone()),
        Error::Unauthorized => (401, "unauthorized", "error-unauthorized".into()),
        Error::Forbidden => (403, "forbidden", "error-forbidden".into()),
        Error::ForbiddenBecause(message) => (403, "forbidden", message.clone()),
        Error::Unreachable => (403, "forbidden", "error-direct-unreachable".into()),
        Error::Blocked => (403, "blocked", "error-blocked".into()),
        Error::NotAcceptable => (406, "not_acceptable", "error-not-acceptable".into()),
        Error::CrossOrigin => (403, "cross_origin", "error-cross-origin".into()),
        Error::NotFound => (404, "not_found", "error-not-found".into()),
        Error::MethodNotAllowed => (405, "method_not_allowed", "error-method".into()),
        Error::Conflict => (409, "conflict", "error-conflict".into()),
        Error::PayloadTooLarge => (413, "payload_too_large", "error-payload-too-large".into()),
        Error::UnsupportedMedia => (
            415,
            "unsupported_media_type",
            "error-unsupported-media".into(),
        ),
        Error::RateLimited { seconds } => (429, "rate_limited", retry_message(*seconds)),
        Error::TimedOut => (408, "timed_out", "error-timed-out".into()),
        Error::UpgradeRequired => (426, "upgrade_required", "error-upgrade-required".into()),
        Error::TooManySockets => (429, "too_many_sockets", "error-too-many-sockets".into()),
        Error::TooManyConnections => (
            429,
            "too_many_connections",
            "error-too-many-visitors".into(),
        ),
        Error::Unavailable(_) | Error::SerializationFailure(_) => {
            (503, "unavailable", "error-unavailable".into())
        }
        Error::GitHubDown(_) => (503, "unavailable", "error-github-down".into()),
        Error::Internal(_) => (500, "internal", "error-internal".into()),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, code, message)
}

/// Returns the message of a rate limit: with seconds below 100, otherwise with minutes.
fn retry_message(seconds: u64) -> LocalizedMessage {
    match seconds {
        0..=99 => LocalizedMessage::with("error-rate-limited", "seconds", seconds),
        _ => LocalizedMessage::with(
            "error-rate-limited-minutes",
            "minutes",
            seconds.div_ceil(60),
        ),
    }
}

/// Returns the error code of the JSON response and the metrics.
pub(crate) fn error_code(error: &Error) -> &'static str {
    describe(error).1
}

/// Returns status and message, for pages that show the error in a form.
pub(crate) fn status_and_message(error: &Error) -> (StatusCode, LocalizedMessage) {
    let (status, _, message) = describe(error);
    (status, message)
}

/// Returns the value of `Retry-After`, in seconds.
fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::RateLimited { seconds } => Some(*seconds),
        Error::Unavailable(_) | Error::SerializationFailure(_) => Some(UNAVAILABLE_SECONDS),
        Error::GitHubDown(_) => Some(GITHUB_SECONDS),
        Error::TooManySockets | Error::TooManyConnections => Some(RETRY_AFTER_SECONDS),
        _ => None,
    }
}

/// Returns the message of an error frame.
pub(crate) fn frame_error_message(code: ErrorCode, content_chars: usize) -> LocalizedMessage {
    match code {
        ErrorCode::BadFrame => "error-bad-request".into(),
        ErrorCode::NotFound => "error-not-found".into(),
        ErrorCode::Empty => "error-content-empty".into(),
        ErrorCode::TooLong => {
            LocalizedMessage::with("error-content-too-long", "limit", content_chars)
        }
        ErrorCode::Invalid => "error-content-invalid".into(),
        ErrorCode::RateLimited => LocalizedMessage::with("error-rate-limited", "seconds", 1),
        ErrorCode::Conflict => "error-conflict".into(),
        ErrorCode::Forbidden => "error-forbidden".into(),
        ErrorCode::Unreachable => "error-direct-unreachable".into(),
        ErrorCode::Oneself => "error-direct-oneself".into(),
        ErrorCode::Blocked => "error-blocked".into(),
        ErrorCode::Unavailable => "error-unavailable".into(),
    }
}

/// JSON body of a validation error: `{"errors":{"<field>":"<message>"}}`.
#[derive(Serialize, JsonSchema)]
pub(super) struct FieldErrors {
    /// A message in the user's language by field.
    errors: BTreeMap<&'static str, String>,
}

/// JSON body of any other error: `{"code":"<snake_case>","message":"<message>"}`.
#[derive(Serialize, JsonSchema)]
pub(super) struct Failure {
    #[schemars(extend("pattern" = "^[a-z_]+$"))]
    code: &'static str,
    /// In the user's language.
    message: String,
}

/// Returns the localized messages of a form's fields: an entry for each of `names`, which the template reads.
pub(crate) fn field_messages(
    context: &RequestContext,
    names: &[&'static str],
    errors: &[(&'static str, LocalizedMessage)],
) -> BTreeMap<&'static str, Option<String>> {
    let translated = |message| Some(context.locale().translate(message));
    let errors = errors
        .iter()
        .map(|(field, message)| (*field, translated(message)));
    names
        .iter()
        .map(|name| (*name, None))
        .chain(errors)
        .collect()
}

/// Builds the response to an error: JSON or a page, as the client prefers. Redirects pages to sign-in on `Unauthorized`.
pub(crate) fn respond(
    error: &Error,
    context: &RequestContext,
    templates: &Templates,
) -> HttpResponse {
    log_cause(error, context);
    if matches!(error, Error::Unauthorized) && context.is_page() {
        return super::see_other(&context.login_url());
    }
    let (status, code, message) = describe(error);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(seconds) = retry_after(error) {
        response.insert_header((header::RETRY_AFTER, seconds));
    }
    if matches!(error, Error::TimedOut | Error::TooManyConnections) {
        response.force_close();
    }
    if matches!(error, Error::UpgradeRequired) {
        response
            .insert_header((header::UPGRADE, "websocket"))
            .insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
    }
    let text = context.locale().translate(&message);
    if !context.wants_json {
        let page = ErrorPage {
            page: super::signed_out_page(context),
            status: status.as_u16(),
            title: context.locale().translate(&title(status).into()),
            text: text.clone(),
            request_id: &context.request_id,
            retry_url: context.retry_url(),
        };
        if let Ok(body) = templates.render(&page) {
            return response
                .insert_header(header::ContentType::html())
                .body(body);
        }
    }
    match error {
        Error::Invalid(fields) => response.json(FieldErrors {
            errors: fields
                .iter()
                .map(|(field, message)| (*field, context.locale().translate(message)))
                .collect(),
        }),
        _ => response.json(Failure {
            code,
            message: text,
        }),
    }
}

/// Logs the cause, which is not sent to the client.
pub(crate) fn log_cause(error: &Error, context: &RequestContext) {
    let request_id = &context.request_id;
    match error {
        Error::Internal(cause) => {
            let cause = chain(&**cause);
            tracing::error!(%request_id, cause, "internal error");
        }
        // The outage was logged when it began.
        _ if is_caused_by_outage(error) => {
            tracing::debug!(%request_id, %error, "request failed: a dependency is unavailable")
        }
        Error::Unavailable(cause) | Error::SerializationFailure(cause) => {
            tracing::warn!(%request_id, %cause, "request failed: a dependency is unavailable");
        }
        Error::GitHubDown(cause) => tracing::warn!(%request_id, %cause, "GitHub unavailable"),
        _ => {}
    }
}

/// Returns the message id of an error page's title.
fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => "error-title-400",
        StatusCode::UNAUTHORIZED => "error-title-401",
        StatusCode::FORBIDDEN => "error-title-403",
        StatusCode::NOT_FOUND => "error-title-404",
        StatusCode::METHOD_NOT_ALLOWED => "error-title-405",
        StatusCode::NOT_ACCEPTABLE => "error-title-406",
        StatusCode::REQUEST_TIMEOUT => "error-title-408",
        StatusCode::CONFLICT => "error-title-409",
        StatusCode::PAYLOAD_TOO_LARGE => "error-title-413",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "error-title-415",
        StatusCode::UPGRADE_REQUIRED => "error-title-426",
        StatusCode::TOO_MANY_REQUESTS => "error-title-429",
        StatusCode::SERVICE_UNAVAILABLE => "error-title-503",
        _ => "error-title-500",
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        describe(self).0
    }

    /// Returns an empty response: the `render_errors` middleware knows the request's language and adds the body.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
