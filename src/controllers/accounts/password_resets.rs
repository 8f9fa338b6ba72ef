//! Password reset by a code sent to the phone number.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::registration_form::phone_region;
use crate::controllers::concerns::form_action::{self, InvalidFields};
use crate::controllers::concerns::phone_verification::{require_verification, start_verification};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, signed_out_page};
use crate::error::Result;
use crate::models::auth::phone_verification::VerificationPurpose;
use crate::models::values::phone_number::PhoneNumber;
use crate::views::pages::verifications::{PasswordResetPage, ResetForm};

/// `GET /password_reset`: the form.
pub async fn new(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    require_verification(&app)?;
    show(&app, &context, ResetForm::default(), Vec::new())
}

/// `POST /password_reset`: sends a code if the number has an account. The response is the same if it has none.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    Form(typed): Form<ResetForm>,
) -> Result<HttpResponse> {
    require_verification(&app)?;
    let region = phone_region(&app, &context, &typed.region);
    let sent = match PhoneNumber::parse(&typed.phone, &region) {
        Ok(phone) => {
            let purpose = VerificationPurpose::PasswordReset;
            start_verification(&app, &context, phone, purpose, |_| ()).await
        }
        Err(error) => Err(error),
    };
    form_action::respond(&context, sent, async |errors| {
        show(&app, &context, typed, errors)
    })
    .await
}

fn show(
    app: &App,
    context: &RequestContext,
    mut form: ResetForm,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    form.region = phone_region(app, context, &form.region);
    let view = PasswordResetPage {
        page: signed_out_page(context),
        form,
        errors: field_messages(context, &["phone"], &errors),
        regions: &app.accounts.regions,
    };
    page(app, &view)
}
