//! The registration form.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::controllers::concerns::form_action::InvalidFields;
use crate::controllers::concerns::github_oauth;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, signed_out_page, with_status};
use crate::error::{Error, Result};
use crate::models::auth::invite;
use crate::models::user::User;
use crate::models::user::registration::RegistrationPolicy;
use crate::models::values::password::Password;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::constant_time_eq;
use crate::models::values::username::Username;
use crate::views::pages::users::{NewUserForm, NewUserPage, RegistrationClosedPage};

/// The validated fields.
pub(super) struct ValidNewUser {
    pub(super) phone: PhoneNumber,
    pub(super) username: Username,
    pub(super) password: Password,
    pub(super) invite: Option<i64>,
    pub(super) invite_token: String,
    /// Whether the set-up code is right or not required.
    pub(super) may_be_first: bool,
}

/// Validates the form.
///
/// # Errors
/// `Invalid` with the errors of all fields.
pub(super) fn parse(
    app: &App,
    context: &RequestContext,
    typed: &NewUserForm,
) -> Result<ValidNewUser> {
    let region = phone_region(app, context, &typed.region);
    let phone = PhoneNumber::parse(&typed.phone, &region);
    let username = Username::parse(&typed.username);
    let password = Password::parse(&typed.password);
    let password = match (password, &username) {
        (Ok(password), Ok(name)) => {
            let unlike = password.require_unlike(phone.as_ref().ok(), name);
            unlike.map(|()| password)
        }
        (password, _) => password,
    };
    match (phone, username, password) {
        (Ok(phone), Ok(username), Ok(password)) => Ok(ValidNewUser {
            phone,
            username,
            password,
            invite: invite::verify_token(&app.hmac_key, &typed.invite),
            invite_token: typed.invite.trim().to_owned(),
            may_be_first: app
                .accounts
                .setup_code
                .as_deref()
                .is_none_or(|code| constant_time_eq(code, typed.setup_code.trim())),
        }),
        (phone, username, password) => Err(combine_errors([
            phone.err(),
            username.err(),
            password.err(),
        ])),
    }
}

/// Combines validation errors into one; another error takes precedence.
fn combine_errors(errors: [Option<Error>; 3]) -> Error {
    let mut all = Vec::new();
    for error in errors.into_iter().flatten() {
        match error {
            Error::Invalid(fields) => all.extend(fields),
            other => return other,
        }
    }
    Error::Invalid(all)
}

/// Returns the region of a phone number: the chosen one, the one that the browser's languages suggest, or the default.
pub(in crate::controllers) fn phone_region(
    app: &App,
    context: &RequestContext,
    chosen: &str,
) -> String {
    let chosen = chosen.to_ascii_uppercase();
    match PhoneNumber::is_known_region(&chosen) {
        true => chosen,
        false => (context.region()).unwrap_or_else(|| app.accounts.default_region.clone()),
    }
}

/// Shows the form with field errors, or that registration is not open.
pub(super) async fn show(
    app: &App,
    context: &RequestContext,
    mut form: NewUserForm,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    let policy = app.accounts.registration_policy;
    let id = invite::verify_token(&app.hmac_key, &form.invite);
    let read = app.database.read(move |conn| {
        let is_first = !User::exists(conn)?;
        let is_invited = match id {
            Some(id) if policy == RegistrationPolicy::Invite => invite::is_valid(conn, id)?,
            _ => false,
        };
        let may_register = is_first || policy == RegistrationPolicy::Open || is_invited;
        Ok((is_first, may_register))
    });
    let (is_first, may_register) = read.await?;
    if !may_register {
        return show_closed(app, context, !form.invite.is_empty());
    }
    form.region = phone_region(app, context, &form.region);
    let needs_setup_code = is_first && app.accounts.setup_code.is_some();
    // The set-up code cannot be entered at GitHub.
    let github = match needs_setup_code {
        true => None,
        false => github_oauth::start_url(app, "invite", &form.invite),
    };
    let names = ["phone", "username", "password", "setup_code", "form"];
    let view = NewUserPage {
        page: signed_out_page(context),
        form: &form,
        errors: field_messages(context, &names, &errors),
        regions: &app.accounts.regions,
        needs_setup_code,
        github,
    };
    page(app, &view)
}

/// Shows that registration is closed or needs an invite.
fn show_closed(app: &App, context: &RequestContext, has_invite: bool) -> Result<HttpResponse> {
    let error = has_invite.then(|| ("invite", "error-invite".into()));
    let view = RegistrationClosedPage {
        page: signed_out_page(context),
        closed: app.accounts.registration_policy == RegistrationPolicy::Closed,
        errors: field_messages(context, &["invite"], error.as_slice()),
    };
    Ok(with_status(page(app, &view)?, StatusCode::FORBIDDEN))
}
