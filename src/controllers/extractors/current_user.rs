//! "Signed in" as a type: an action that takes it cannot forget to ask.

use std::future::{Ready, ready};

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, rt};
use futures_util::future::LocalBoxFuture;

use serde::Deserialize;

use super::request_context::Asked;
use crate::controllers::App;
use crate::controllers::middleware::anonymous_limit::welcome;
use crate::controllers::middleware::session_cookie::KEY_HASH;
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::auth::session::{KeyHash, ActiveSession};
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::models::user::preferences::Preferences;

/// Where a token may stand in the address.
const STREAMS: [&str; 3] = ["/ws", "/api/events", "/api/messages"];

/// The person who asks.
pub struct CurrentUser(pub User);

/// The person who asks, and the session by which they do.
pub struct CurrentSession {
    /// Who.
    pub user: User,
    /// By which session.
    pub key_hash: KeyHash,
    /// How they like the pages.
    pub preferences: Preferences,
}

/// The person who asks, who is an admin.
pub struct Admin(pub User);

/// Whoever asks: it becomes known who that is along with what they want to read.
pub struct Caller(HttpRequest);

impl Caller {
    /// Who it is, and what was read for them: one visit to the database.
    ///
    /// # Errors
    /// `Unauthorized` when nobody is signed in; those of `read`.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut DbConn, &ActiveSession) -> Result<T> + Send + 'static,
    ) -> Result<(CurrentSession, T)> {
        current(&self.0, read).await
    }
}

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.clone())))
    }
}

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(current(&request, |_, _| Ok(())).await?.0) })
    }
}

/// Who asks, and what is read for them: one visit to the database.
///
/// # Errors
/// `Unauthorized` when nobody is signed in; those of `read`.
pub(super) async fn current<T: Send + 'static>(
    request: &HttpRequest,
    read: impl FnOnce(&mut DbConn, &ActiveSession) -> Result<T> + Send + 'static,
) -> Result<(CurrentSession, T)> {
    let app = request.app_data::<Data<App>>();
    let app = app.ok_or_else(|| Error::internal("the application has no data"))?;
    let (token, cookie) = (token(request), request.get_session());
    let is_token = token.is_some();
    let key_hash = match token {
        Some(token) => KeyHash::of(&token),
        None => {
            let hash: Option<String> = cookie.get(KEY_HASH).ok().flatten();
            KeyHash::from_stored(hash.ok_or(Error::Unauthorized)?)
        }
    };
    let found = app.database.read(move |conn| {
        let live = session::find_active(conn, &key_hash)?.ok_or(Error::Unauthorized)?;
        match read(conn, &live) {
            Err(Error::Unavailable(cause)) => Err(Error::Unavailable(cause)),
            // Who asked is known, also when there is nothing for them.
            read => Ok((live, key_hash, read)),
        }
    });
    let (live, key_hash, read) = found.await?;
    welcome(request);
    if let Some(asked) = request.extensions().get::<Asked>() {
        asked.prefer(&live.preferences);
    }
    if live.needs_touch && is_token {
        // Session limits evict the least recently used session. A failed update is repeated by the next request.
        let (database, key_hash) = (app.database.clone(), key_hash.clone());
        rt::spawn(async move {
            database
                .write(move |conn| session::record_use(conn, &key_hash))
                .await
        });
    }
    if live.needs_touch && !is_token {
        // A change makes the middleware prolong the row and the cookie.
        let hash = key_hash.as_str();
        cookie.insert(KEY_HASH, hash).map_err(Error::internal)?;
    }
    let session = CurrentSession {
        user: live.user,
        key_hash,
        preferences: live.preferences,
    };
    Ok((session, read?))
}

/// The token that a request is signed in by, if any: it beats a cookie. In the address only where a client cannot set
/// headers.
pub fn token(request: &HttpRequest) -> Option<String> {
    /// `?token=`
    #[derive(Deserialize)]
    struct InAddress {
        token: String,
    }
    let header = request.headers().get(header::AUTHORIZATION);
    let bearer = header
        .and_then(|header| header.to_str().ok())
        .and_then(|header| {
            // A scheme without a token names a token that nobody has.
            let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
            scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| token.trim().to_owned())
        });
    if bearer.is_some() || !STREAMS.contains(&request.path()) {
        return bearer;
    }
    let query: Option<InAddress> = serde_html_form::from_str(request.query_string()).ok();
    query.map(|query| query.token)
}

impl FromRequest for CurrentUser {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = CurrentSession::from_request(request, payload);
        Box::pin(async move { Ok(Self(session.await?.user)) })
    }
}

impl FromRequest for Admin {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = CurrentSession::from_request(request, payload);
        Box::pin(async move {
            let user = session.await?.user;
            match user.is_admin() {
                true => Ok(Self(user)),
                false => Err(Error::Forbidden),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_what_follows_bearer(
            scheme in prop_oneof![Just("Bearer"), Just("bEARER"), Just("Basic"), Just("Bearers")],
            key in "[!-~]{1,40}",
        ) {
            let request = TestRequest::get().insert_header(("authorization", format!("{scheme}  {key} ")));
            let is_bearer = scheme.eq_ignore_ascii_case("bearer");
            prop_assert_eq!(token(&request.to_http_request()), is_bearer.then_some(key));
        }

        #[test]
        fn any_header_and_any_address_are_read(
            value in prop::collection::vec(0x20_u8..=0xFF, 0..40),
            query in "[a-z=&%+0-9\\[\\]]{0,30}",
        ) {
            let plain = TestRequest::get().uri(&format!("/ws?{query}"));
            let named = query.starts_with("token=") || query.contains("&token=");
            let found = token(&plain.to_http_request());
            prop_assert!(named || query.contains('%') || found.is_none(), "{:?}", found);
            if let Ok(value) = header::HeaderValue::from_bytes(&value) {
                let request = TestRequest::get().uri("/ws?token=x").insert_header(("authorization", value));
                let _ = token(&request.to_http_request());
            }
        }
    }
}
