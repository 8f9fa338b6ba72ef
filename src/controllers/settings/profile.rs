//! Username and picture.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::{FieldErrors, SavedQuery, redirect_saved, settings_layout, unprocessable};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, Result};
use crate::models::user::User;
use crate::models::values::username::Username;
use crate::services::image::UPLOAD_MAX_BYTES;
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
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let username = user.username.clone();
    render(&app, &context, &user, username, query.into_inner(), &[]).await
}

pub(super) async fn render(
    app: &App,
    context: &RequestContext,
    user: &User,
    username: String,
    saved: SavedQuery,
    errors: FieldErrors<'_>,
) -> Result<HttpResponse> {
    let view = ProfilePage {
        layout: settings_layout(app, context, user, "profile", saved, errors).await?,
        username,
        upload_max: UPLOAD_MAX_BYTES,
    };
    page(app, &view)
}

/// `PATCH /settings/profile`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<ProfileInput>,
) -> Result<HttpResponse> {
    match rename(&app, &user, &input.fields.username).await {
        Ok(()) => Ok(redirect_saved(&context, input.is_json, "profile", "name")),
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let typed = input.fields.username;
            let page = render(&app, &context, &user, typed, SavedQuery::default(), &fields);
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
    Attempt::run(app, app.rate_limits.rename(user_id)?, write).await?;
    app.realtime.poll_now();
    Ok(())
}
