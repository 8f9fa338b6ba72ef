//! The sign-in page.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::registration_form::phone_region;
use crate::controllers::concerns::github_oauth;
use crate::controllers::errors::{field_messages, status_and_message};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::user::registration::RegistrationPolicy;
use crate::views::layout::Page;
use crate::views::pages::sessions::{NewSessionForm, NewSessionPage};

/// The fields of the form. `username` is sent in development only.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LoginForm {
    pub(super) phone: String,
    pub(super) region: String,
    pub(super) password: String,
    pub(super) next: String,
    pub(super) username: String,
}

/// Shows the sign-in page with an error of sign-in with GitHub.
pub(in crate::controllers) fn show_github_error(
    app: &App,
    context: &RequestContext,
    next: &str,
    error: &Error,
) -> Result<HttpResponse> {
    let typed = LoginForm {
        next: next.to_owned(),
        ..LoginForm::default()
    };
    let (status, message) = status_and_message(error);
    let mut response = show(app, context, &typed, &[("form", message)])?;
    *response.status_mut() = status;
    Ok(response)
}

/// Shows the sign-in page with field errors.
pub(super) fn show(
    app: &App,
    context: &RequestContext,
    typed: &LoginForm,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let mut errors = field_messages(context.locale(), fields);
    for field in ["phone", "password", "username", "form"] {
        errors.entry(field).or_default();
    }
    let region = phone_region(app, context, &typed.region);
    page(
        app,
        &NewSessionPage {
            page: Page::signed_out(context.display_preferences()),
            form: NewSessionForm {
                phone: &typed.phone,
                region: &region,
                next: &typed.next,
                username: &typed.username,
            },
            errors,
            regions: &app.accounts.regions,
            registration: app.accounts.registration_policy == RegistrationPolicy::Open,
            reset: app.verification.is_some(),
            github: github_oauth::start_url(app, "next", &typed.next),
            development: app.site.allows_development_sign_in(context.is_loopback),
        },
    )
}
