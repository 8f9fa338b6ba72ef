//! Language, theme and time format.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::{FormResult, redirect_saved, settings_layout};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::form_action;
use crate::controllers::extractors::current_user::{CurrentSession, CurrentUser};
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, Result};
use crate::models::user::User;
use crate::models::user::preferences::Preferences;
use crate::views::locale::Locale;
use crate::views::pages::settings::{AppearanceForm, AppearancePage};

/// `GET /settings/appearance`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    query: Query<FormResult>,
) -> Result<HttpResponse> {
    let chosen = AppearanceForm {
        locale: current.preferences.locale.unwrap_or_default(),
        appearance: current.preferences.appearance,
        time_format: current.preferences.time_format,
    };
    render(&app, &context, &current.user, chosen, query.into_inner()).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    user: &User,
    chosen: AppearanceForm,
    result: FormResult,
) -> Result<HttpResponse> {
    let layout = settings_layout(app, context, user, "appearance", result).await?;
    page(app, &AppearancePage::new(layout, chosen))
}

/// `PUT /settings/appearance`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<AppearanceForm>,
) -> Result<HttpResponse> {
    let saved = save(&app, &user, &typed).await;
    let saved = saved.map(|()| redirect_saved(&context, "appearance", "appearance"));
    form_action::respond(&context, saved, async |errors| {
        render(&app, &context, &user, typed, errors.into()).await
    })
    .await
}

async fn save(app: &App, user: &User, typed: &AppearanceForm) -> Result<()> {
    let tag = Some(typed.locale.clone()).filter(|tag| !tag.is_empty());
    let is_supported = |tag: &String| Locale::ALL.iter().any(|locale| locale.tag() == tag);
    if tag.as_ref().is_some_and(|tag| !is_supported(tag)) {
        return Err(Error::field("locale", "error-choice"));
    }
    let preferences = Preferences {
        locale: tag,
        appearance: typed.appearance.clone(),
        time_format: typed.time_format.clone(),
    };
    let user_id = user.id;
    let write = app
        .database
        .write(move |conn| preferences.save(conn, user_id));
    Attempt::run(app, app.rate_limits.profile_change(user_id), write).await
}
