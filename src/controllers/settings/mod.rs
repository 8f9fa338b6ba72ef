//! Settings of the current user: one file per page or form.

pub mod account;
pub mod appearance;
pub mod avatar;
pub mod export;
pub mod github;
pub mod pairing;
pub mod password;
pub mod phone;
pub mod privacy;
pub mod profile;
pub mod security;
pub mod sessions;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::concerns::attempt::Attempt;
use super::errors::field_messages;
use super::extractors::client_address::client_address;
use super::{App, redirect_or_no_content, see_other};
use crate::controllers::extractors::current_user::{CurrentSession, CurrentUser};
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::session;
use crate::models::room::Room;
use crate::models::user::User;
use crate::services::password_hasher::PasswordCheck;
use crate::services::password_hasher::queue::Priority;
use crate::views::pages::rooms::SidebarPage;
use crate::views::pages::settings::SettingsLayout;

/// Fields of all settings forms.
const FIELDS: [&str; 16] = [
    "username",
    "avatar",
    "locale",
    "appearance",
    "time_format",
    "reachable_by",
    "phone",
    "region",
    "phone_password",
    "old_password",
    "password",
    "confirm",
    "delete_password",
    "github",
    "github_password",
    "form",
];

/// Query of a settings page after a successful save: which form was saved.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SavedQuery {
    saved: String,
}

/// Errors by field.
type FieldErrors<'a> = &'a [(&'static str, LocalizedMessage)];

/// `GET /settings`
pub async fn show(_: CurrentUser) -> HttpResponse {
    see_other("/settings/profile")
}

/// Loads the layout shared by all settings pages.
async fn settings_layout(
    app: &App,
    context: &RequestContext,
    user: &User,
    section: &'static str,
    saved: SavedQuery,
    errors: FieldErrors<'_>,
) -> Result<SettingsLayout> {
    let user_id = user.id;
    let rooms = app
        .database
        .read(move |conn| Room::list_for(conn, user_id))
        .await?;
    let mut errors = field_messages(context.locale(), errors);
    for field in FIELDS {
        errors.entry(field).or_default();
    }
    Ok(SettingsLayout {
        layout: SidebarPage::new(context.display_preferences(), user, rooms),
        section,
        saved: saved.saved,
        errors,
    })
}

/// Redirects to the page, which confirms that `what` was saved; 204 for JSON.
fn redirect_saved(
    context: &RequestContext,
    is_json: bool,
    section: &str,
    what: &str,
) -> HttpResponse {
    redirect_or_no_content(
        context,
        is_json,
        &format!("/settings/{section}?saved={what}#{what}"),
    )
}

fn unprocessable(mut response: HttpResponse) -> HttpResponse {
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    response
}

/// Verifies the user's identity before a change of credentials: by password or, without one, by a recent GitHub
/// confirmation in this session.
///
/// # Errors
/// `Invalid` for `field`; `RateLimited` after too many wrong passwords; `Unavailable` when too many passwords are being
/// verified.
async fn require_reauthentication(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &str,
    field: &'static str,
) -> Result<()> {
    let (user_id, key_hash) = (current.user.id, current.key_hash.clone());
    let read = app.database.read(move |conn| {
        let hash = User::password_hash(conn, user_id)?;
        Ok((hash, session::is_confirmed_by_github(conn, &key_hash)?))
    });
    let (hash, is_confirmed) = read.await?;
    match hash {
        None if is_confirmed => return Ok(()),
        None => return Err(Error::field(field, "error-github-confirm")),
        Some(_) if typed.is_empty() => return Err(Error::field(field, "error-password-missing")),
        Some(_) => {}
    }
    let attempt = Attempt::begin(app, app.rate_limits.password_confirmation(user_id)?).await?;
    let requester = app
        .rate_limits
        .requester(client_address(request), Priority::Trusted);
    let verdict = app.hasher.verify(requester, typed.to_owned(), hash);
    match verdict.await {
        Ok(PasswordCheck::Valid | PasswordCheck::ValidNeedsRehash(_)) => attempt.succeed().await,
        Ok(PasswordCheck::Invalid) => {
            attempt.count();
            Err(Error::field(field, "error-password-wrong"))
        }
        Err(error) => {
            attempt.undo().await?;
            Err(error)
        }
    }
}
