//! Signed-in users as argument types: an action that takes one cannot run without authentication.

use std::future::{Ready, ready};

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, rt};
use futures_util::future::LocalBoxFuture;

use super::request_context::RequestContext;
use crate::controllers::App;
use crate::controllers::middleware::anonymous_limit::mark_authenticated;
use crate::controllers::middleware::session_cookie::KEY_HASH;
use crate::error::{Error, Result};
use crate::models::auth::session::{self, ActiveSession, KeyHash};
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::models::user::preferences::Preferences;

/// The signed-in user.
pub struct CurrentUser(pub User);

/// The signed-in user and their session.
pub struct CurrentSession {
    /// The user.
    pub user: User,
    /// Hash of the session's key.
    pub key_hash: KeyHash,
    /// The user's display preferences.
    pub preferences: Preferences,
}

/// The signed-in user, who is an admin.
pub struct Admin(pub User);

/// Defers authentication, so that the action can do it in the same database job as its own reads.
pub struct LazyCurrentUser(HttpRequest);

impl LazyCurrentUser {
    /// Authenticates the request and runs `read`, in one database job.
    ///
    /// # Errors
    /// `Unauthorized` without a valid session; those of `read`.
    pub async fn authenticate_and_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut DbConn, &ActiveSession) -> Result<T> + Send + 'static,
    ) -> Result<(CurrentSession, T)> {
        authenticate_and_read(&self.0, read).await
    }
}

impl FromRequest for LazyCurrentUser {
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
        Box::pin(async move { Ok(authenticate_and_read(&request, |_, _| Ok(())).await?.0) })
    }
}

/// As [`LazyCurrentUser::authenticate_and_read`].
pub(super) async fn authenticate_and_read<T: Send + 'static>(
    request: &HttpRequest,
    read: impl FnOnce(&mut DbConn, &ActiveSession) -> Result<T> + Send + 'static,
) -> Result<(CurrentSession, T)> {
    let app = request.app_data::<Data<App>>();
    let app = app.ok_or_else(|| Error::internal("the application has no data"))?;
    let (context, cookie) = (RequestContext::of(request), request.get_session());
    let is_token = context.token.is_some();
    let key_hash = match &context.token {
        Some(token) => KeyHash::of(token),
        None => {
            let hash: Option<String> = cookie.get(KEY_HASH).ok().flatten();
            KeyHash::from_stored(hash.ok_or(Error::Unauthorized)?)
        }
    };
    let found = app.database.read(move |conn| {
        let live = session::find_active(conn, &key_hash)?.ok_or(Error::Unauthorized)?;
        match read(conn, &live) {
            Err(Error::Unavailable(cause)) => Err(Error::Unavailable(cause)),
            // Other errors of `read` are returned after the session was taken into account below.
            read => Ok((live, key_hash, read)),
        }
    });
    let (live, key_hash, read) = found.await?;
    mark_authenticated(request);
    context.apply_preferences(&live.preferences);
    if live.needs_touch() && is_token {
        // Session limits evict the least recently used session. A failed update is repeated by the next request.
        let (database, key_hash) = (app.database.clone(), key_hash.clone());
        rt::spawn(async move {
            database
                .write(move |conn| session::record_use(conn, &key_hash))
                .await
        });
    }
    if live.needs_touch() && !is_token {
        // A changed state makes the session middleware prolong the row and the cookie.
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
