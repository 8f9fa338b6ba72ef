//! Change of the phone number.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::account::{AccountFormValues, respond};
use super::{redirect_saved, require_reauthentication};
use crate::controllers::App;
use crate::controllers::accounts::users;
use crate::controllers::concerns::phone_verification::begin;
use crate::controllers::concerns::sign_in::origin;
use crate::controllers::concerns::throttle;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::Asked;
use crate::error::Result;
use crate::models::auth::phone_verification::{PHONE, Verification};
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
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
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<PhoneInput>,
) -> Result<HttpResponse> {
    let changed = change(&app, &asked, &request, &current, &input).await;
    let typed = AccountFormValues {
        phone: input.fields.phone,
        region: input.fields.region,
        ..AccountFormValues::default()
    };
    respond(&app, &asked, &current, &typed, input.is_json, changed).await
}

async fn change(
    app: &App,
    asked: &Asked,
    request: &HttpRequest,
    current: &CurrentSession,
    input: &FormOrJson<PhoneInput>,
) -> Result<HttpResponse> {
    let typed = &input.fields;
    let region = users::region(app, asked, &typed.region);
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
    throttle::take(app, &app.throttles.number_claim(user_id)?).await?;
    if app.verification.is_some() {
        let set_user = |verification: &mut Verification| verification.user_id = Some(user_id);
        return begin(app, request, asked, &phone, PHONE, set_user).await;
    }
    let origin = origin(request);
    app.database
        .write(move |conn| {
            User::set_phone(conn, user_id, &phone)?;
            security_event::record_about(conn, Kind::PhoneChanged, Some(user_id), &phone, &origin)
        })
        .await?;
    app.database.erase_traces();
    Ok(redirect_saved(
        asked,
        input.is_json,
        "account",
        "phone-number",
    ))
}
