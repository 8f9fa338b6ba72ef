//! Language, colours and clock.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::{Mistakes, Saved, frame, saved, unprocessable};
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

/// What the form sends; no language is the browser's.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
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
    query: Query<Saved>,
) -> Result<HttpResponse> {
    let chosen = Fields {
        locale: preferences.locale.unwrap_or_default(),
        appearance: preferences.appearance,
        time_format: preferences.time_format,
    };
    shown(&app, &context, &user, chosen, query.into_inner(), &[]).await
}

async fn shown(
    app: &App,
    context: &RequestContext,
    user: &User,
    chosen: Fields,
    saved: Saved,
    mistakes: Mistakes<'_>,
) -> Result<HttpResponse> {
    let frame = frame(app, context, user, "appearance", saved, mistakes).await?;
    let Fields {
        locale,
        appearance,
        time_format,
    } = chosen;
    page(
        app,
        &AppearancePage::new(frame, locale, appearance, time_format),
    )
}

/// `PUT /settings/appearance`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    match set(&app, &user, &input.fields).await {
        Ok(()) => Ok(saved(&context, input.is_json, "appearance", "appearance")),
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let page = shown(&app, &context, &user, input.fields, Saved::default(), &fields);
            page.await.map(unprocessable)
        }
        Err(error) => Err(error),
    }
}

async fn set(app: &App, user: &User, typed: &Fields) -> Result<()> {
    let tag = Some(typed.locale.clone()).filter(|tag| !tag.is_empty());
    let is_known = |tag: &String| Locale::ALL.iter().any(|locale| locale.tag() == tag);
    if tag.as_ref().is_some_and(|tag| !is_known(tag)) {
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
