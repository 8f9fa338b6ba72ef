//! The only place where an error becomes a status, and a sentence in somebody's language.

use std::collections::BTreeMap;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::controllers::extractors::request_context::Asked;
use crate::controllers::middleware::anonymous_limit::CROWDED_SECONDS;
use crate::error::outage::explains;
use crate::error::{Error, Sentence, chain};
use crate::realtime::frames::Code;
use crate::views::layout::Page;
use crate::views::locale::Locale;
use crate::views::pages::errors::ErrorPage;
use crate::views::templates::Templates;

/// When to try again after a 503, in seconds.
const UNAVAILABLE_SECONDS: u64 = 2;
/// The same where it is GitHub that does not answer.
const GITHUB_SECONDS: u64 = 30;

/// Status, code, and the id of the sentence.
fn answer_of(error: &Error) -> (StatusCode, &'static str, Sentence) {
    match error {
        Error::Invalid(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "error-bad-request".into(),
        ),
        Error::BadRequest(sentence) => (StatusCode::BAD_REQUEST, "bad_request", sentence.clone()),
        Error::Unauthorized => (
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "error-unauthorized".into(),
        ),
        Error::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "error-forbidden".into()),
        Error::ForbiddenBecause(sentence) => (StatusCode::FORBIDDEN, "forbidden", sentence.clone()),
        Error::Unreachable => (
            StatusCode::FORBIDDEN,
            "forbidden",
            "error-direct-unreachable".into(),
        ),
        Error::Blocked => (StatusCode::FORBIDDEN, "blocked", "error-blocked".into()),
        Error::NotAcceptable => (
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            "error-not-acceptable".into(),
        ),
        Error::CrossOrigin => (
            StatusCode::FORBIDDEN,
            "cross_origin",
            "error-cross-origin".into(),
        ),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found", "error-not-found".into()),
        Error::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "error-method".into(),
        ),
        Error::Conflict => (StatusCode::CONFLICT, "conflict", "error-conflict".into()),
        Error::PayloadTooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            "error-payload-too-large".into(),
        ),
        Error::UnsupportedMedia => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "error-unsupported-media".into(),
        ),
        Error::RateLimited { seconds } => (
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            wait(*seconds),
        ),
        Error::TimedOut => (
            StatusCode::REQUEST_TIMEOUT,
            "timed_out",
            "error-timed-out".into(),
        ),
        Error::UpgradeRequired => (
            StatusCode::UPGRADE_REQUIRED,
            "upgrade_required",
            "error-upgrade-required".into(),
        ),
        Error::TooManySockets => (
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_sockets",
            "error-too-many-sockets".into(),
        ),
        Error::TooManyConnections => (
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_connections",
            "error-crowded".into(),
        ),
        Error::Unavailable(_) | Error::SerializationFailure(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "error-unavailable".into(),
        ),
        Error::GitHubDown(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "error-github-down".into(),
        ),
        Error::Internal(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "error-internal".into(),
        ),
    }
}

/// When to try again, in the unit that people would use.
fn wait(seconds: u64) -> Sentence {
    match seconds {
        0..=99 => Sentence::with("error-rate-limited", "seconds", seconds),
        _ => Sentence::with(
            "error-rate-limited-minutes",
            "minutes",
            seconds.div_ceil(60),
        ),
    }
}

/// What a failure is called.
pub(crate) fn code_of(error: &Error) -> &'static str {
    answer_of(error).1
}

/// Its status, and its sentence, for a page that goes on.
pub(crate) fn told(error: &Error) -> (StatusCode, Sentence) {
    let (status, _, sentence) = answer_of(error);
    (status, sentence)
}

fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::RateLimited { seconds } => Some(*seconds),
        Error::Unavailable(_) | Error::SerializationFailure(_) => Some(UNAVAILABLE_SECONDS),
        Error::GitHubDown(_) => Some(GITHUB_SECONDS),
        Error::TooManySockets | Error::TooManyConnections => Some(CROWDED_SECONDS),
        _ => None,
    }
}

/// The sentence of an error frame.
pub(crate) fn sentence_of(code: Code, content_chars: usize) -> Sentence {
    match code {
        Code::BadFrame => "error-bad-request".into(),
        Code::NotFound => "error-not-found".into(),
        Code::Empty => "error-content-empty".into(),
        Code::TooLong => Sentence::with("error-content-too-long", "limit", content_chars),
        Code::Invalid => "error-content-invalid".into(),
        Code::RateLimited => Sentence::with("error-rate-limited", "seconds", 1),
        Code::Conflict => "error-conflict".into(),
        Code::Forbidden => "error-forbidden".into(),
        Code::Unreachable => "error-direct-unreachable".into(),
        Code::Oneself => "error-direct-oneself".into(),
        Code::Blocked => "error-blocked".into(),
        Code::Unavailable => "error-unavailable".into(),
    }
}

/// `{"errors":{"<field>":"<sentence>"}}`
#[derive(Serialize)]
struct FieldErrors {
    errors: BTreeMap<&'static str, String>,
}

/// `{"code":"<snake_case>","message":"<sentence>"}`
#[derive(Serialize)]
struct Failure {
    code: &'static str,
    message: String,
}

/// The sentences beside the fields of a form, by field.
pub(crate) fn field_sentences(
    locale: Locale,
    fields: &[(&'static str, Sentence)],
) -> BTreeMap<&'static str, Option<String>> {
    fields
        .iter()
        .map(|(field, sentence)| (*field, Some(locale.translate(sentence))))
        .collect()
}

/// What a failed request is answered: to JSON clients JSON, to people a page; whoever is signed out goes to sign in.
pub(crate) fn respond(error: &Error, asked: &Asked, templates: &Templates) -> HttpResponse {
    log(error, asked);
    if matches!(error, Error::Unauthorized) && asked.is_page() {
        return super::see_other(&asked.login_address());
    }
    let (status, code, sentence) = answer_of(error);
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
    let message = asked.locale().translate(&sentence);
    if !asked.wants_json {
        let page = ErrorPage {
            page: Page::signed_out(asked.look()),
            status: status.as_u16(),
            title: asked.locale().translate(&title(status).into()),
            text: message.clone(),
            request_id: &asked.request_id,
            retry_url: asked.again(),
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
                .map(|(field, sentence)| (*field, asked.locale().translate(sentence)))
                .collect(),
        }),
        _ => response.json(Failure { code, message }),
    }
}

/// Causes are logged here, once, and never shown.
pub(crate) fn log(error: &Error, asked: &Asked) {
    let request_id = &asked.request_id;
    match error {
        Error::Internal(cause) => {
            let cause = chain(&**cause);
            tracing::error!(%request_id, cause, "internal error");
        }
        // An outage was logged when it began.
        _ if explains(error) => tracing::debug!(%request_id, %error, "unavailable"),
        Error::Unavailable(cause) | Error::SerializationFailure(cause) => {
            tracing::warn!(%request_id, %cause, "unavailable");
        }
        Error::GitHubDown(cause) => tracing::warn!(%request_id, %cause, "GitHub is not there"),
        _ => {}
    }
}

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
        answer_of(self).0
    }

    /// Only the status: `concerns::frame` knows the request's language and gives it a body.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
