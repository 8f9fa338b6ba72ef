//! Who may send direct messages to the current user.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::{FormResult, redirect_saved, settings_layout};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::form_action;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::user::User;
use crate::models::user::direct_message_policy;
use crate::views::pages::settings::PrivacyPage;

/// Fields of `PUT /settings/privacy`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PrivacyInput {
    reachable_by: String,
}

/// `GET /settings/privacy`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<FormResult>,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app
        .database
        .read(move |conn| direct_message_policy::of(conn, user_id));
    let reachable_by = read.await?.as_str().to_owned();
    render(&app, &context, &user, reachable_by, query.into_inner()).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    user: &User,
    reachable_by: String,
    result: FormResult,
) -> Result<HttpResponse> {
    let view = PrivacyPage {
        layout: settings_layout(app, context, user, "privacy", result).await?,
        reachable_by,
    };
    page(app, &view)
}

/// `PUT /settings/privacy`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<PrivacyInput>,
) -> Result<HttpResponse> {
    let (user_id, choice) = (user.id, typed.reachable_by.clone());
    let write = app
        .database
        .write(move |conn| direct_message_policy::set(conn, user_id, &choice));
    let saved = Attempt::run(&app, app.rate_limits.profile_change(user_id), write).await;
    let saved = saved.map(|()| redirect_saved(&context, "privacy", "reach"));
    form_action::respond(&context, saved, async |errors| {
        render(&app, &context, &user, typed.reachable_by, errors.into()).await
    })
    .await
}
