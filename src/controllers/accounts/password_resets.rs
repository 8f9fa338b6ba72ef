//! Forgotten passwords: whoever has the number gets a code.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::controllers::concerns::phone_verification::{begin, verifying};
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::{Error, Result, LocalizedMessage};
use crate::models::auth::phone_verification::VerificationPurpose;
use crate::models::values::phone_number::PhoneNumber;
use crate::views::layout::Page;
use crate::views::pages::verifications::{PasswordResetPage, ResetForm};

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Forgetful {
    phone: String,
    region: String,
}

/// `GET /password_reset`
pub async fn new(app: Data<App>, asked: Asked) -> Result<HttpResponse> {
    verifying(&app)?;
    form(&app, &asked, &Forgetful::default(), &[])
}

/// `POST /password_reset`: sends a code, if somebody has this number; the answer is the same if nobody has.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    Form(typed): Form<Forgetful>,
) -> Result<HttpResponse> {
    verifying(&app)?;
    let region = super::users::region(&app, &asked, &typed.region);
    let sent = match PhoneNumber::parse(&typed.phone, &region) {
        Ok(phone) => begin(&app, &request, &asked, &phone, VerificationPurpose::PasswordReset, |_| ()).await,
        Err(error) => Err(error),
    };
    match sent {
        Err(Error::Invalid(fields)) if !asked.wants_json => {
            let mut response = form(&app, &asked, &typed, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        answer => answer,
    }
}

fn form(
    app: &App,
    asked: &Asked,
    typed: &Forgetful,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let mut errors = field_sentences(asked.locale(), fields);
    errors.entry("phone").or_default();
    let region = super::users::region(app, asked, &typed.region);
    page(
        app,
        &PasswordResetPage {
            page: Page::signed_out(asked.look()),
            form: ResetForm {
                phone: &typed.phone,
                region: &region,
            },
            errors,
            regions: &app.accounts.regions,
        },
    )
}
