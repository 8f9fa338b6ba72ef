//! Entering the verification code sent to a phone number.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::verification_check::{Verified, check};
use crate::controllers::concerns::form_action;
use crate::controllers::concerns::phone_verification::{
    pending_browser, require_verification, send_code,
};
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other, signed_out_page};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::phone_verification::{self, Verification, VerificationPurpose};
use crate::models::room::LOBBY;
use crate::views::pages::verifications::VerificationPage;

/// Fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    code: String,
}

/// `GET /verification`: the form.
pub async fn show(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    require_verification(&app)?;
    match find(&app, &context).await? {
        Some(verification) => show_form(&app, &context, &verification, &[]),
        None => Ok(see_other("/login")),
    }
}

/// `POST /verification`: checks the code, and completes the registration, password reset or change of number.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    current: Result<CurrentUser, Error>,
    Form(typed): Form<CodeForm>,
) -> Result<HttpResponse> {
    require_verification(&app)?;
    let Some(verification) = find(&app, &context).await? else {
        return Ok(see_other("/login"));
    };
    let current_user_id = current.ok().map(|CurrentUser(user)| user.id);
    let result = match check(&app, &context, current_user_id, &typed.code).await {
        Ok(Verified::Registered(user)) => {
            let (method, lobby) = (SignInMethod::Credentials, format!("/rooms/{LOBBY}"));
            return sign_in(&app, &context, &session, &user, method, &lobby).await;
        }
        Ok(Verified::MayChoosePassword(token)) => Ok(see_other(&format!("/passwords/{token}"))),
        Ok(Verified::PhoneChanged) => Ok(see_other(
            "/settings/account?saved=phone-number#phone-number",
        )),
        Err(error) => Err(error),
    };
    form_action::respond(&context, result, async |errors| {
        show_form(&app, &context, &verification, &errors)
    })
    .await
}

/// `POST /verification/code`: sends a new code.
pub async fn resend_code(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    require_verification(&app)?;
    if let Some(verification) = find(&app, &context).await? {
        send_code(&app, &context, verification).await?;
    }
    Ok(see_other("/verification"))
}

async fn find(app: &App, context: &RequestContext) -> Result<Option<Verification>> {
    let Some(browser) = pending_browser(app, context) else {
        return Ok(None);
    };
    let read = app
        .database
        .read(move |conn| phone_verification::find(conn, &browser));
    read.await
}

fn show_form(
    app: &App,
    context: &RequestContext,
    verification: &Verification,
    errors: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    // The form has no fields for username and number; their errors are shown above it.
    let errors: Vec<_> = errors
        .iter()
        .map(|(field, message)| match *field {
            "code" => ("code", message.clone()),
            _ => ("form", message.clone()),
        })
        .collect();
    let phone = &verification.phone;
    let view = VerificationPage {
        page: signed_out_page(context),
        phone: phone.masked(),
        sent_if_registered: verification.purpose == VerificationPurpose::PasswordReset,
        restart_url: match verification.purpose {
            VerificationPurpose::Registration => "/register",
            VerificationPurpose::PasswordReset => "/password_reset",
            _ => "/settings/account",
        },
        development_message: require_verification(app)?.sms.last_text(phone.as_str()),
        errors: field_messages(context, &["code", "form"], &errors),
    };
    page(app, &view)
}
