//! Change of the phone number.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::account::{AccountFormValues, respond};
use super::{redirect_saved, require_reauthentication};
use crate::controllers::App;
use crate::controllers::accounts::registration_form::phone_region;
use crate::controllers::concerns::phone_verification::start_verification;
use crate::controllers::concerns::rate_limits;
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::Result;
use crate::models::auth::phone_verification::{Verification, VerificationPurpose};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::user::User;
use crate::models::values::phone_number::PhoneNumber;

/// Fields of `PUT /settings/phone`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PhoneInput {
    phone: String,
    region: String,
    phone_password: String,
}

/// `PUT /settings/phone`: changes the number; with verification enabled, sends a code to the new number first.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<PhoneInput>,
) -> Result<HttpResponse> {
    let changed = change(&app, &context, &request, &current, &input).await;
    let typed = AccountFormValues {
        phone: input.fields.phone,
        region: input.fields.region,
        ..AccountFormValues::default()
    };
    respond(&app, &context, &current, &typed, input.is_json, changed).await
}

async fn change(
    app: &App,
    context: &RequestContext,
    request: &HttpRequest,
    current: &CurrentSession,
    input: &FormOrJson<PhoneInput>,
) -> Result<HttpResponse> {
    let typed = &input.fields;
    let region = phone_region(app, context, &typed.region);
    let phone = PhoneNumber::parse(&typed.phone, &region)?;
    require_reauthentication(
        app,
        request,
        current,
        &typed.phone_password,
        "phone_password",
    )
    .await?;
    let user_id = current.user.id;
    // Without verification the response reveals whether the number is taken.
    rate_limits::acquire(&app.database, &app.rate_limits.phone_claim(user_id)?).await?;
    if app.verification.is_some() {
        let set_user = |verification: &mut Verification| verification.user_id = Some(user_id);
        return start_verification(
            app,
            request,
            context,
            phone,
            VerificationPurpose::PhoneChange,
            set_user,
        )
        .await;
    }
    let client = client_info(request);
    app.database
        .write(move |conn| {
            User::set_phone(conn, user_id, &phone)?;
            security_event::record_with_phone(
                conn,
                SecurityEventKind::PhoneChanged,
                Some(user_id),
                &phone,
                &client,
            )
        })
        .await?;
    app.database.request_wal_truncation();
    Ok(redirect_saved(
        context,
        input.is_json,
        "account",
        "phone-number",
    ))
}
