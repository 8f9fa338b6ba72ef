//! Change of the phone number.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::account::respond;
use super::reauthentication::require_reauthentication;
use super::redirect_saved;
use crate::controllers::App;
use crate::controllers::accounts::registration_form::phone_region;
use crate::controllers::concerns::phone_verification::start_verification;
use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::auth::phone_verification::VerificationPurpose;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::user::User;
use crate::models::values::phone_number::PhoneNumber;
use crate::views::pages::settings::AccountForm;

/// `PUT /settings/phone`: changes the number; with verification enabled, sends a code to the new number first.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    FormOrJson(typed): FormOrJson<AccountForm>,
) -> Result<HttpResponse> {
    let changed = change(&app, &context, &current, &typed).await;
    respond(&app, &context, &current, typed, changed).await
}

async fn change(
    app: &App,
    context: &RequestContext,
    current: &CurrentSession,
    typed: &AccountForm,
) -> Result<HttpResponse> {
    let region = phone_region(app, context, &typed.region);
    let phone = PhoneNumber::parse(&typed.phone, &region)?;
    let password = &typed.phone_password;
    require_reauthentication(app, context, current, password, "phone_password").await?;
    let user_id = current.user.id;
    // Without verification the response reveals whether the number is taken.
    rate_limits::acquire(&app.database, &app.rate_limits.phone_claim(user_id)).await?;
    if app.verification.is_some() {
        let purpose = VerificationPurpose::PhoneChange;
        return start_verification(app, context, phone, purpose, |verification| {
            verification.user_id = Some(user_id);
        })
        .await;
    }
    let client = context.client.clone();
    let write = app.database.write(move |conn| {
        User::set_phone(conn, user_id, &phone)?;
        let kind = SecurityEventKind::PhoneChanged;
        security_event::record_with_phone(conn, kind, Some(user_id), &phone, &client)
    });
    write.await?;
    app.database.request_wal_truncation();
    Ok(redirect_saved(context, "account", "phone-number"))
}
