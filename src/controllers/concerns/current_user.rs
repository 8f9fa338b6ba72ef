//! "Signed in" as a type: an action that takes it cannot forget to ask.

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::cookies::KEY_HASH;
use crate::controllers::App;
use crate::error::{Error, Result};
use crate::models::session::{self, KeyHash};
use crate::models::user::User;

/// The person who asks.
pub struct CurrentUser(pub User);

/// The person who asks, and the session by which they do.
pub struct CurrentSession {
    /// Who.
    pub user: User,
    /// By which session.
    pub key_hash: KeyHash,
}

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cookie = request.get_session();
        let app = request.app_data::<Data<App>>().cloned();
        Box::pin(async move {
            let app = app.ok_or_else(|| Error::internal("the application has no data"))?;
            let hash: Option<String> = cookie.get(KEY_HASH).ok().flatten();
            let key_hash = KeyHash::from_stored(hash.ok_or(Error::Unauthorized)?);
            let wanted = key_hash.clone();
            let live = app
                .database
                .run(move |conn| session::find_live(conn, &wanted))
                .await?
                .ok_or(Error::Unauthorized)?;
            if live.is_stale {
                // A change makes the middleware prolong the row and the cookie.
                cookie
                    .insert(KEY_HASH, key_hash.as_str())
                    .map_err(Error::internal)?;
            }
            Ok(Self {
                user: live.user,
                key_hash,
            })
        })
    }
}

impl FromRequest for CurrentUser {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = CurrentSession::from_request(request, payload);
        Box::pin(async move { Ok(Self(session.await?.user)) })
    }
}
