//! Language, theme and time format.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::{FieldErrors, SavedQuery, redirect_saved, settings_layout, unprocessable};
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::{CurrentSession, CurrentUser};
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, Result};
use crate::models::user::User;
use crate::models::user::preferences::Preferences;
use crate::views::locale::Locale;
use crate::views::pages::settings::AppearancePage;

/// Fields of `PUT /settings/appearance`; an empty `locale` follows the browser.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AppearanceInput {
    locale: String,
    appearance: String,
    time_format: String,
}

/// `GET /settings/appearance`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    CurrentSession {
        user, preferences, ..
    }: CurrentSession,
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let chosen = AppearanceInput {
        locale: preferences.locale.unwrap_or_default(),
        appearance: preferences.appearance,
        time_format: preferences.time_format,
    };
    render(&app, &context, &user, chosen, query.into_inner(), &[]).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    user: &User,
    chosen: AppearanceInput,
    saved: SavedQuery,
    errors: FieldErrors<'_>,
) -> Result<HttpResponse> {
    let layout = settings_layout(app, context, user, "appearance", saved, errors).await?;
    let AppearanceInput {
        locale,
        appearance,
        time_format,
    } = chosen;
    page(
        app,
        &AppearancePage::new(layout, locale, appearance, time_format),
    )
}

/// `PUT /settings/appearance`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<AppearanceInput>,
) -> Result<HttpResponse> {
    match set(&app, &user, &input.fields).await {
        Ok(()) => Ok(redirect_saved(
            &context,
            input.is_json,
            "appearance",
            "appearance",
        )),
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let page = render(
                &app,
                &context,
                &user,
                input.fields,
                SavedQuery::default(),
                &fields,
            );
            page.await.map(unprocessable)
        }
        Err(error) => Err(error),
    }
}

async fn set(app: &App, user: &User, typed: &AppearanceInput) -> Result<()> {
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
    Attempt::run(app, app.rate_limits.profile_change(user_id)?, write).await
}
