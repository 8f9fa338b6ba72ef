//! Sign-in of API clients with tokens.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::controllers::App;
use crate::controllers::accounts::{authentication, development_sessions};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::{CurrentSession, CurrentUser};
use crate::controllers::extractors::form::Json;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::session;
use crate::models::auth::session::{KeyHash, NewSession, SessionKind};
use crate::models::rfc3339;
use crate::models::user::User;
use crate::protocol;

/// Lifetime of a token.
const TOKEN_DAYS: i64 = 14;

/// Body of `POST /api/login`: phone number and password; in development mode a username alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    phone: String,
    region: String,
    password: String,
    username: Option<String>,
}

/// The signed-in user with private fields.
#[derive(Serialize, JsonSchema)]
struct AuthUser {
    #[serde(flatten)]
    user: protocol::User,
    /// E.164.
    phone: Option<String>,
}

/// A token and its expiry.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    pub(super) token: String,
    #[schemars(extend("format" = "date-time"))]
    pub(super) expires_at: String,
}

/// A token and its user.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignIn {
    auth_user: AuthUser,
    #[serde(flatten)]
    token: Token,
}

/// `POST /api/login`
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    Json(typed): Json<Credentials>,
) -> Result<HttpResponse> {
    let user = match &typed.username {
        Some(name) if typed.phone.is_empty() => {
            let found = development_sessions::find(&app, &context, name).await;
            found.map_err(|error| match error {
                Error::Unauthorized => Error::NotFound,
                other => other,
            })?
        }
        _ => {
            let (phone, region) = (&typed.phone, &typed.region);
            authentication::authenticate(&app, &context, phone, region, &typed.password)
                .await?
                .ok_or(Error::Unauthorized)?
        }
    };
    let auth_user = auth_user(&app, &user).await?;
    let token = issue_token(&app, &context, &user, TokenGrant::Password).await?;
    Ok(HttpResponse::Ok().json(SignIn { auth_user, token }))
}

async fn auth_user(app: &App, user: &User) -> Result<AuthUser> {
    let id = user.id;
    let phone = app.database.read(move |conn| User::phone(conn, id)).await?;
    Ok(AuthUser {
        user: user.to_public(),
        phone: phone.map(|phone| phone.as_str().to_owned()),
    })
}

/// What a token is issued for.
pub(super) enum TokenGrant {
    /// Verified password.
    Password,
    /// Verified GitHub account.
    GitHub,
    /// An existing session.
    Session(KeyHash),
}

/// Issues a token.
///
/// # Errors
/// `Unauthorized` when the user was banned or signed out everywhere, or the granting session has ended; `Unavailable`
/// when the database is down.
pub(super) async fn issue_token(
    app: &App,
    context: &RequestContext,
    user: &User,
    grant: TokenGrant,
) -> Result<Token> {
    let (kind, by) = match grant {
        TokenGrant::Password => (Some(SecurityEventKind::SignedIn), None),
        TokenGrant::GitHub => (Some(SecurityEventKind::SignedInByGitHub), None),
        TokenGrant::Session(by) => (None, Some(by)),
    };
    let (token, key_hash) = session::new_key();
    let new = NewSession {
        kind: SessionKind::Token,
        user_id: user.id,
        epoch: user.session_epoch,
        by,
        client: context.client.clone(),
        lifetime: TimeDelta::days(TOKEN_DAYS),
        is_github_sign_in: kind == Some(SecurityEventKind::SignedInByGitHub),
        max_sessions: app.accounts.max_sessions_per_user,
    };
    let client = context.client.clone();
    let write = app.database.write(move |conn| {
        let created = session::create(conn, &key_hash, &new)?;
        if let Some(kind) = kind {
            security_event::record(conn, kind, new.user_id, &client)?;
        }
        Ok(created)
    });
    let created = write.await?;
    if created.evicted > 0 {
        app.realtime.poll_now();
    }
    Ok(Token {
        token,
        expires_at: rfc3339(created.expires_at),
    })
}

/// `GET /api/auth_user`
pub async fn show(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(auth_user(&app, &user).await?))
}

/// `POST /api/refresh_token`: issues another token; the old one stays valid until it expires.
pub async fn refresh(
    app: Data<App>,
    context: RequestContext,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let tries = app.rate_limits.token_refresh(user.id);
    let issued = issue_token(&app, &context, &user, TokenGrant::Session(key_hash));
    let token = Attempt::run(&app, tries, issued).await?;
    Ok(HttpResponse::Ok().json(token))
}
