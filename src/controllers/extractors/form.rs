//! What a request sends: a form, or JSON where that is taken too.

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

/// The largest body: 4,000 characters of four bytes, percent-encoded, and the rest of a form.
pub const BODY_MAX_BYTES: usize = 64 * 1024;

/// A form's fields (`application/x-www-form-urlencoded`).
pub struct Form<T>(pub T);

/// A form's fields, or a JSON object with the same names.
pub struct FormOrJson<T> {
    /// The fields.
    pub fields: T,
    /// Whether they came as JSON, and the answer should be JSON too.
    pub is_json: bool,
}

/// A JSON object.
pub struct Json<T>(pub T);

fn unreadable<E>(_: E) -> Error {
    Error::BadRequest("error-bad-request".into())
}

async fn read<T: DeserializeOwned>(sent: Sent, takes_json: bool) -> Result<(T, bool)> {
    let Sent {
        content_type,
        body,
        patience,
    } = sent;
    let is_json = content_type.eq_ignore_ascii_case("application/json");
    let is_form = content_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let is_understood = is_form || (is_json && takes_json);
    if !is_understood {
        return Err(Error::UnsupportedMedia);
    }
    let body = timeout(patience, body).await.map_err(|_| Error::TimedOut)?;
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

/// A body on its way, what it is said to be, and how long it may take.
struct Sent {
    content_type: String,
    body: <Bytes as FromRequest>::Future,
    patience: Duration,
}

impl Sent {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Self {
        let app = request.app_data::<Data<App>>();
        Self {
            content_type: content_type(request),
            body: Bytes::from_request(request, payload),
            patience: app.map_or(Duration::ZERO, |app| app.requests.body),
        }
    }
}

fn content_type(request: &HttpRequest) -> String {
    match request.content_type() {
        // Some clients name no type with an empty form.
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
        let sent = Sent::of(request, payload);
        Box::pin(async move { Ok(Self(read(sent, false).await?.0)) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for FormOrJson<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let sent = Sent::of(request, payload);
        Box::pin(async move {
            let (fields, is_json) = read(sent, true).await?;
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

/// The verb that a form means, which browsers cannot send: `_method`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// What it says.
    #[default]
    Post,
    /// Set it to this.
    Put,
    /// Change it.
    Patch,
    /// Take it away.
    Delete,
}
