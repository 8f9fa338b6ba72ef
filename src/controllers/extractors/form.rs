//! Request bodies: forms, and JSON where an action accepts it.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::controllers::App;
use crate::error::{Error, Result};

/// Maximum body size: a message of 4,000 characters of four bytes, percent-encoded, with the rest of its form.
pub const BODY_MAX_BYTES: usize = 64 * 1024;

/// The fields of a form (`application/x-www-form-urlencoded`).
pub struct Form<T>(pub T);

/// The fields of a form or of a JSON object. `RequestContext::has_json_body` tells which.
pub struct FormOrJson<T>(pub T);

/// The fields of a JSON object.
pub struct Json<T>(pub T);

/// The field of a form that names a user.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct UsernameField {
    /// As typed.
    pub username: String,
}

/// How the fields in a body are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
}

impl BodyFormat {
    /// Returns the format of a request's body; `None` if it has no fields that can be read at once.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let named = request.content_type();
        // Some clients send an empty form without a type.
        let is_unnamed = named.is_empty() && !request.headers().contains_key(header::CONTENT_TYPE);
        if is_unnamed || named.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Some(Self::Form);
        }
        let is_json = named.eq_ignore_ascii_case("application/json");
        is_json.then_some(Self::Json)
    }

    /// Parses the fields.
    ///
    /// # Errors
    /// `BadRequest` if the body is malformed.
    pub fn parse<T: DeserializeOwned>(self, body: &[u8]) -> Result<T> {
        match self {
            Self::Form => serde_html_form::from_bytes(body).map_err(unreadable),
            // The parser would also accept an array of the fields' values.
            Self::Json if !body.trim_ascii_start().starts_with(b"{") => Err(unreadable(())),
            Self::Json => serde_json::from_slice(body).map_err(unreadable),
        }
    }
}

fn unreadable<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

/// Receives a body within the limits of size and time.
pub fn receive(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes>> + use<> {
    let limit = request
        .app_data::<Data<App>>()
        .map(|app| app.requests.body_timeout);
    let body = timeout(
        limit.unwrap_or_default(),
        Bytes::from_request(request, payload),
    );
    async move {
        body.await.map_err(|_| Error::TimedOut)?.map_err(|error| {
            match error.as_response_error().status_code().as_u16() {
                413 => Error::PayloadTooLarge,
                _ => unreadable(error),
            }
        })
    }
}

fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
    accepted: &[BodyFormat],
) -> impl Future<Output = Result<T>> + use<T> {
    let format = BodyFormat::of(request).filter(|format| accepted.contains(format));
    let body = receive(request, payload);
    async move {
        let format = format.ok_or(Error::UnsupportedMedia)?;
        format.parse(&body.await?)
    }
}

/// Implements extraction for a type of body.
macro_rules! extract {
    ($type:ident: $($format:ident),+) => {
        impl<T: DeserializeOwned + 'static> FromRequest for $type<T> {
            type Error = Error;
            type Future = LocalBoxFuture<'static, Result<Self>>;

            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let fields = read(request, payload, &[$(BodyFormat::$format),+]);
                Box::pin(async move { Ok(Self(fields.await?)) })
            }
        }
    };
}

extract!(Form: Form);
extract!(FormOrJson: Form, Json);
extract!(Json: Json);
