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

mod reauthentication;

use actix_web::HttpResponse;
use serde::Deserialize;

use super::concerns::form_action::InvalidFields;
use super::errors::field_messages;
use super::extractors::current_user::CurrentUser;
use super::extractors::request_context::RequestContext;
use super::{App, redirect_or_no_content, see_other};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::user::User;
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

/// Result of a form that its page shows: which form was saved (`?saved=`), or the errors.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct FormResult {
    saved: String,
    #[serde(skip)]
    errors: InvalidFields,
}

impl From<InvalidFields> for FormResult {
    fn from(errors: InvalidFields) -> Self {
        Self {
            errors,
            ..Self::default()
        }
    }
}

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
    result: FormResult,
) -> Result<SettingsLayout> {
    let user_id = user.id;
    let read = app.database.read(move |conn| Room::list_for(conn, user_id));
    Ok(SettingsLayout {
        layout: SidebarPage::new(context.display_preferences(), user, read.await?),
        section,
        saved: result.saved,
        errors: field_messages(context, &FIELDS, &result.errors),
    })
}

/// Redirects to the page, which confirms that `what` was saved; 204 for JSON.
fn redirect_saved(context: &RequestContext, section: &str, what: &str) -> HttpResponse {
    redirect_or_no_content(context, &format!("/settings/{section}?saved={what}#{what}"))
}
