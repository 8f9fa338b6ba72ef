//! Password reset by a code sent to the phone number.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::registration_form::phone_region;
use crate::controllers::concerns::phone_verification::{require_verification, start_verification};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::phone_verification::VerificationPurpose;
use crate::models::values::phone_number::PhoneNumber;
use crate::views::layout::Page;
use crate::views::pages::verifications::{PasswordResetPage, ResetForm};

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PasswordReset {
    phone: String,
    region: String,
}

/// `GET /password_reset`: the form.
pub async fn new(app: Data<App>, context: RequestContext) -> Result<HttpResponse> {
    require_verification(&app)?;
    form(&app, &context, &PasswordReset::default(), &[])
}

/// `POST /password_reset`: sends a code if the number has an account. The response is the same if it has none.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    Form(typed): Form<PasswordReset>,
) -> Result<HttpResponse> {
    require_verification(&app)?;
    let region = phone_region(&app, &context, &typed.region);
    let sent = match PhoneNumber::parse(&typed.phone, &region) {
        Ok(phone) => {
            start_verification(
                &app,
                &request,
                &context,
                phone,
                VerificationPurpose::PasswordReset,
                |_| (),
            )
            .await
        }
        Err(error) => Err(error),
    };
    match sent {
        Err(Error::Invalid(fields)) if !context.wants_json => {
            let mut response = form(&app, &context, &typed, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        result => result,
    }
}

fn form(
    app: &App,
    context: &RequestContext,
    typed: &PasswordReset,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let mut errors = field_messages(context.locale(), fields);
    errors.entry("phone").or_default();
    let region = phone_region(app, context, &typed.region);
    page(
        app,
        &PasswordResetPage {
            page: Page::signed_out(context.display_preferences()),
            form: ResetForm {
                phone: &typed.phone,
                region: &region,
            },
            errors,
            regions: &app.accounts.regions,
        },
    )
}
