//! Signing in with a token.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::controllers::App;
use crate::controllers::accounts::{development_sessions, sessions};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::sign_in::{origin, user_agent};
use crate::controllers::extractors::client_address::client_text;
use crate::controllers::extractors::current_user::{CurrentSession, CurrentUser};
use crate::controllers::extractors::form::Json;
use crate::controllers::extractors::request_context::Asked;
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::session;
use crate::models::auth::session::{KeyHash, Kind, NewSession};
use crate::models::rfc3339;
use crate::models::user::User;
use crate::realtime::frames;

/// A token lives so long.
const TOKEN_DAYS: i64 = 14;

/// Phone number and password; in development a username alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    phone: String,
    region: String,
    password: String,
    username: Option<String>,
}

/// A person and what only they may see.
#[derive(Serialize)]
pub(super) struct AuthUser {
    #[serde(flatten)]
    user: frames::User,
    phone: Option<String>,
}

/// A token, and when it ends.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_user: Option<AuthUser>,
    pub(super) token: String,
    pub(super) expires_at: String,
}

/// `POST /api/login`
pub async fn create(
    app: Data<App>,
    request: HttpRequest,
    Json(typed): Json<Credentials>,
) -> Result<HttpResponse> {
    let user = match &typed.username {
        Some(name) if typed.phone.is_empty() => {
            let found = development_sessions::find(&app, &Asked::of(&request), name).await;
            found.map_err(|error| match error {
                Error::Unauthorized => Error::NotFound,
                other => other,
            })?
        }
        _ => {
            let (phone, region) = (&typed.phone, &typed.region);
            sessions::authenticate(&app, &request, phone, region, &typed.password)
                .await?
                .ok_or(Error::Unauthorized)?
        }
    };
    let auth_user = auth_user(&app, &user).await?;
    let token = issue_token(&app, &request, &user, TokenGrant::Password).await?;
    Ok(HttpResponse::Ok().json(Token {
        auth_user: Some(auth_user),
        ..token
    }))
}

async fn auth_user(app: &App, user: &User) -> Result<AuthUser> {
    let (public, id) = (user.public(), user.id);
    let phone = app.database.run(move |conn| User::phone(conn, id)).await?;
    Ok(AuthUser {
        user: public,
        phone,
    })
}

/// By what it is clear who somebody is.
pub(super) enum TokenGrant {
    /// Their password.
    Password,
    /// GitHub's word.
    GitHub,
    /// A session that they have already.
    Session(KeyHash),
}

/// A new token of somebody's.
///
/// # Errors
/// `Unauthorized` when the proof is worth nothing any more; `Unavailable` when the database does not answer.
pub(super) async fn issue_token(
    app: &App,
    request: &HttpRequest,
    user: &User,
    proof: TokenGrant,
) -> Result<Token> {
    let (kind, by) = match proof {
        TokenGrant::Password => (Some(security_event::Kind::SignedIn), None),
        TokenGrant::GitHub => (Some(security_event::Kind::SignedInByGitHub), None),
        TokenGrant::Session(by) => (None, Some(by)),
    };
    let (token, key_hash) = session::new_key();
    let new = NewSession {
        kind: Kind::Token,
        user_id: user.id,
        epoch: user.session_epoch,
        by,
        user_agent: user_agent(request),
        ip: client_text(request),
        lifetime: TimeDelta::days(TOKEN_DAYS),
        by_github: kind == Some(security_event::Kind::SignedInByGitHub),
        most: app.accounts.sessions_per_person,
    };
    let origin = origin(request);
    let write = app.database.write(move |conn| {
        let created = session::create(conn, &key_hash, &new)?;
        if let Some(kind) = kind {
            security_event::record(conn, kind, new.user_id, &origin)?;
        }
        Ok(created)
    });
    let created = write.await?;
    if created.ended > 0 {
        app.live.look_now();
    }
    Ok(Token {
        auth_user: None,
        token,
        expires_at: rfc3339(created.expires_at),
    })
}

/// `GET /api/auth_user`
pub async fn show(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(auth_user(&app, &user).await?))
}

/// `POST /api/refresh_token`: another token; the old one lives on until it ends.
pub async fn refresh(
    app: Data<App>,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let tries = app.throttles.token_refresh(user.id)?;
    let issued = issue_token(&app, &request, &user, TokenGrant::Session(key_hash));
    let token = Attempt::spend(&app, tries, issued).await?;
    Ok(HttpResponse::Ok().json(token))
}
