//! Request bodies: forms, and JSON where an action accepts it.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::controllers::App;
use crate::error::{Error, Result};

/// Maximum body size: a message of 4,000 characters of four bytes, percent-encoded, with the rest of its form.
pub const BODY_MAX_BYTES: usize = 64 * 1024;

/// The fields of a form (`application/x-www-form-urlencoded`).
pub struct Form<T>(pub T);

/// The fields of a form or of a JSON object.
pub struct FormOrJson<T> {
    /// The fields.
    pub fields: T,
    /// Whether the body was JSON, so that the response should be too.
    pub is_json: bool,
}

/// A JSON object.
pub struct Json<T>(pub T);

fn unreadable<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

async fn read<T: DeserializeOwned>(
    incoming: IncomingBody,
    accepts_json: bool,
) -> Result<(T, bool)> {
    let IncomingBody {
        content_type,
        body,
        body_timeout,
    } = incoming;
    let is_json = content_type.eq_ignore_ascii_case("application/json");
    let is_form = content_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let is_accepted = is_form || (is_json && accepts_json);
    if !is_accepted {
        return Err(Error::UnsupportedMedia);
    }
    let body = timeout(body_timeout, body).await;
    let body = body.map_err(|_| Error::TimedOut)?;
    let body = body.map_err(|error| {
        let is_large = error.as_response_error().status_code().as_u16() == 413;
        if is_large {
            Error::PayloadTooLarge
        } else {
            unreadable(error)
        }
    })?;
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let fields = if is_json && !is_object {
        return Err(unreadable(()));
    } else if is_json {
        serde_json::from_slice(&body).map_err(unreadable)?
    } else {
        serde_html_form::from_bytes(&body).map_err(unreadable)?
    };
    Ok((fields, is_json))
}

/// A body being received.
struct IncomingBody {
    content_type: String,
    body: <Bytes as FromRequest>::Future,
    body_timeout: Duration,
}

impl IncomingBody {
    fn new(request: &HttpRequest, payload: &mut Payload) -> Self {
        let app = request.app_data::<Data<App>>();
        Self {
            content_type: content_type(request),
            body: Bytes::from_request(request, payload),
            body_timeout: app.map_or(Duration::ZERO, |app| app.requests.body_timeout),
        }
    }
}

fn content_type(request: &HttpRequest) -> String {
    match request.content_type() {
        // Some clients send an empty form without a type.
        "" if !request.headers().contains_key(header::CONTENT_TYPE) => {
            "application/x-www-form-urlencoded".into()
        }
        named => named.to_owned(),
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = IncomingBody::new(request, payload);
        Box::pin(async move { Ok(Self(read(incoming, false).await?.0)) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for FormOrJson<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let incoming = IncomingBody::new(request, payload);
        Box::pin(async move {
            let (fields, is_json) = read(incoming, true).await?;
            Ok(Self { fields, is_json })
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let input = FormOrJson::from_request(request, payload);
        Box::pin(async move {
            match input.await? {
                FormOrJson {
                    fields,
                    is_json: true,
                } => Ok(Self(fields)),
                _ => Err(Error::UnsupportedMedia),
            }
        })
    }
}

/// The method in a form's `_method` field: browsers submit forms with GET and POST only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// POST, as sent.
    #[default]
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}
