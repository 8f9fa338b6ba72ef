//! Username and picture.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::{FieldErrors, SavedQuery, redirect_saved, settings_layout, unprocessable};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::{Error, Result};
use crate::models::user::User;
use crate::models::values::username::Username;
use crate::services::image::MAX_BYTES;
use crate::views::pages::settings::ProfilePage;

/// Fields of `PATCH /settings/profile`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProfileInput {
    username: String,
}

/// `GET /settings/profile`
pub async fn show(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let username = user.username.clone();
    render(&app, &asked, &user, username, query.into_inner(), &[]).await
}

pub(super) async fn render(
    app: &App,
    asked: &Asked,
    user: &User,
    username: String,
    saved: SavedQuery,
    errors: FieldErrors<'_>,
) -> Result<HttpResponse> {
    let view = ProfilePage {
        layout: settings_layout(app, asked, user, "profile", saved, errors).await?,
        username,
        upload_max: MAX_BYTES,
    };
    page(app, &view)
}

/// `PATCH /settings/profile`
pub async fn update(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<ProfileInput>,
) -> Result<HttpResponse> {
    match rename(&app, &user, &input.fields.username).await {
        Ok(()) => Ok(redirect_saved(&asked, input.is_json, "profile", "name")),
        Err(Error::Invalid(fields)) if !input.is_json && !asked.wants_json => {
            let typed = input.fields.username;
            let page = render(&app, &asked, &user, typed, SavedQuery::default(), &fields);
            page.await.map(unprocessable)
        }
        Err(error) => Err(error),
    }
}

async fn rename(app: &App, user: &User, typed: &str) -> Result<()> {
    let (user_id, name) = (user.id, Username::parse(typed)?);
    let write = app
        .database
        .write(move |conn| User::rename(conn, user_id, &name));
    Attempt::spend(app, app.throttles.rename(user_id)?, write).await?;
    app.live.look_now();
    Ok(())
}
