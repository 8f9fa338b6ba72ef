//! Change of the password.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::account::{AccountFormValues, respond};
use super::{redirect_saved, require_reauthentication};
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::user::User;
use crate::models::values::password::Password;
use crate::models::values::username::Username;
use crate::services::password_hasher::queue::Priority;

/// Fields of `PUT /settings/password`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PasswordInput {
    old_password: String,
    password: String,
}

/// `PUT /settings/password`: sets or changes the password and ends all other sessions.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<PasswordInput>,
) -> Result<HttpResponse> {
    let changed = change(&app, &request, &current, &input.fields).await;
    let changed = changed.map(|()| redirect_saved(&context, input.is_json, "account", "password"));
    let typed = AccountFormValues::default();
    respond(&app, &context, &current, &typed, input.is_json, changed).await
}

async fn change(
    app: &App,
    request: &HttpRequest,
    current: &CurrentSession,
    typed: &PasswordInput,
) -> Result<()> {
    let password = Password::parse(&typed.password)?;
    require_reauthentication(app, request, current, &typed.old_password, "old_password").await?;
    let user_id = current.user.id;
    let read = app.database.read(move |conn| User::phone(conn, user_id));
    let phone = read.await?;
    let name = Username::from_stored(current.user.username.clone());
    password.require_unlike(phone.as_ref(), &name)?;
    let requester = app
        .rate_limits
        .requester(client_address(request), Priority::Trusted);
    let tries = app.rate_limits.new_password(user_id)?;
    let hash = Attempt::run(app, tries, app.hasher.hash(requester, password)).await?;
    let (here, client) = (current.key_hash.clone(), client_info(request));
    let write = app.database.write(move |conn| {
        User::set_password(conn, user_id, &hash, Some(&here))?;
        security_event::record(conn, SecurityEventKind::PasswordChanged, user_id, &client)
    });
    write.await?;
    app.realtime.poll_now();
    Ok(())
}
