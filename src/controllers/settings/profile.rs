//! Username and picture.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::{FormResult, redirect_saved, settings_layout};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::form_action;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, UsernameField};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::user::User;
use crate::models::values::username::Username;
use crate::services::image::UPLOAD_MAX_BYTES;
use crate::views::pages::settings::ProfilePage;

/// `GET /settings/profile`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<FormResult>,
) -> Result<HttpResponse> {
    render(&app, &context, &user, None, query.into_inner()).await
}

/// Renders the page with the username as typed, or the current one.
pub(super) async fn render(
    app: &App,
    context: &RequestContext,
    user: &User,
    typed: Option<String>,
    result: FormResult,
) -> Result<HttpResponse> {
    let view = ProfilePage {
        layout: settings_layout(app, context, user, "profile", result).await?,
        username: typed.unwrap_or_else(|| user.username.clone()),
        upload_max: UPLOAD_MAX_BYTES,
    };
    page(app, &view)
}

/// `PATCH /settings/profile`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    let renamed = rename(&app, &user, &typed.username).await;
    let renamed = renamed.map(|()| redirect_saved(&context, "profile", "name"));
    form_action::respond(&context, renamed, async |errors| {
        let typed = Some(typed.username);
        render(&app, &context, &user, typed, errors.into()).await
    })
    .await
}

async fn rename(app: &App, user: &User, typed: &str) -> Result<()> {
    let (user_id, name) = (user.id, Username::parse(typed)?);
    let write = app
        .database
        .write(move |conn| User::rename(conn, user_id, &name));
    Attempt::run(app, app.rate_limits.rename(user_id), write).await?;
    app.realtime.poll_now();
    Ok(())
}
