//! The sign-in page.

use actix_web::HttpResponse;

use super::registration_form::phone_region;
use crate::controllers::concerns::github_oauth;
use crate::controllers::errors::{field_messages, status_and_message};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, signed_out_page, with_status};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::user::registration::RegistrationPolicy;
use crate::views::pages::sessions::{LoginForm, NewSessionPage};

/// Shows the sign-in page with an error of sign-in with GitHub.
pub(in crate::controllers) fn show_github_error(
    app: &App,
    context: &RequestContext,
    next: &str,
    error: &Error,
) -> Result<HttpResponse> {
    let form = LoginForm {
        next: next.to_owned(),
        ..LoginForm::default()
    };
    let (status, message) = status_and_message(error);
    let response = show(app, context, form, &[("form", message)])?;
    Ok(with_status(response, status))
}

/// Shows the sign-in page with field errors.
pub(super) fn show(
    app: &App,
    context: &RequestContext,
    mut form: LoginForm,
    errors: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    form.region = phone_region(app, context, &form.region);
    let names = ["phone", "password", "username", "form"];
    let view = NewSessionPage {
        page: signed_out_page(context),
        errors: field_messages(context, &names, errors),
        regions: &app.accounts.regions,
        registration: app.accounts.registration_policy == RegistrationPolicy::Open,
        reset: app.verification.is_some(),
        github: github_oauth::start_url(app, "next", &form.next),
        development: app.site.allows_development_sign_in(context.is_loopback),
        form,
    };
    page(app, &view)
}
