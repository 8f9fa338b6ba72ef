//! Another password.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::account::{Typed, answer};
use super::{require_password, saved};
use crate::controllers::App;
use crate::controllers::concerns::asked::Asked;
use crate::controllers::concerns::current_user::CurrentSession;
use crate::controllers::concerns::input::FormOrJson;
use crate::error::Result;
use crate::models::password::Password;
use crate::models::user::User;

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    old_password: String,
    password: String,
}

/// `PUT /settings/password`: signs out everywhere but here.
pub async fn update(
    app: Data<App>,
    asked: Asked,
    current: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let changed = change(&app, &current, &input.fields).await;
    let changed = changed.map(|()| saved(&asked, input.is_json, "account", "password"));
    let typed = Typed::default();
    answer(&app, &asked, &current.user, &typed, input.is_json, changed).await
}

async fn change(app: &App, current: &CurrentSession, typed: &Fields) -> Result<()> {
    let password = Password::parse(&typed.password)?;
    require_password(app, &current.user, &typed.old_password, "old_password").await?;
    let hash = app.hasher.hash(password).await?;
    let (user_id, here) = (current.user.id, current.key_hash.clone());
    let write = app
        .database
        .write(move |conn| User::set_password(conn, user_id, &hash, Some(&here)));
    write.await?;
    app.live.look_now();
    Ok(())
}
