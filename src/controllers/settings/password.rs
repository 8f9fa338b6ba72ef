//! Change of the password.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::account::respond;
use super::reauthentication::require_reauthentication;
use super::redirect_saved;
use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::user::User;
use crate::models::values::password::Password;
use crate::models::values::username::Username;
use crate::services::password_hasher::queue::Priority;
use crate::views::pages::settings::AccountForm;

/// `PUT /settings/password`: sets or changes the password and ends all other sessions.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    FormOrJson(typed): FormOrJson<AccountForm>,
) -> Result<HttpResponse> {
    let changed = change(&app, &context, &current, &typed).await;
    let changed = changed.map(|()| redirect_saved(&context, "account", "password"));
    respond(&app, &context, &current, typed, changed).await
}

async fn change(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &AccountForm,
) -> Result<()> {
    let password = Password::parse(&typed.password)?;
    require_reauthentication(app, context, current, &typed.old_password, "old_password").await?;
    let user_id = current.user.id;
    let read = app.database.read(move |conn| User::phone(conn, user_id));
    let phone = read.await?;
    let name = Username::from_stored(current.user.username.clone());
    password.require_unlike(phone.as_ref(), &name)?;
    let limits = &app.rate_limits;
    let requester = limits.hash_requester(context.address, Priority::Trusted);
    let tries = limits.new_password(user_id);
    let hash = Attempt::run(app, tries, app.hasher.hash(requester, password)).await?;
    let (here, client) = (current.key_hash.clone(), context.client.clone());
    let write = app.database.write(move |conn| {
        User::set_password(conn, user_id, &hash, Some(&here))?;
        security_event::record(conn, SecurityEventKind::PasswordChanged, user_id, &client)
    });
    write.await?;
    app.realtime.poll_now();
    Ok(())
}
