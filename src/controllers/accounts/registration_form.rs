//! The registration form.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use crate::controllers::concerns::github_oauth;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::invite;
use crate::models::user::User;
use crate::models::user::registration::RegistrationPolicy;
use crate::models::values::password::Password;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::constant_time_eq;
use crate::models::values::username::Username;
use crate::views::layout::Page;
use crate::views::pages::users::{NewUserForm, NewUserPage, RegistrationClosedPage};

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewUser {
    pub(super) phone: String,
    pub(super) region: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) setup_code: String,
    pub(super) invite: String,
}

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
pub(super) fn parse(app: &App, context: &RequestContext, typed: &NewUser) -> Result<ValidNewUser> {
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
    let chosen =
        Some(chosen.to_ascii_uppercase()).filter(|region| PhoneNumber::is_known_region(region));
    chosen
        .or_else(|| context.region())
        .unwrap_or_else(|| app.accounts.default_region.clone())
}

/// Shows the form with field errors, or that registration is not open.
pub(super) async fn show(
    app: &App,
    context: &RequestContext,
    typed: &NewUser,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let (policy, id) = (
        app.accounts.registration_policy,
        invite::verify_token(&app.hmac_key, &typed.invite),
    );
    let read = app.database.read(move |conn| {
        let is_first = !User::exists(conn)?;
        let is_invited = match id {
            Some(id) if policy == RegistrationPolicy::Invite => invite::is_valid(conn, id)?,
            _ => false,
        };
        Ok((
            is_first,
            is_first || policy == RegistrationPolicy::Open || is_invited,
        ))
    });
    let (is_first, may_register) = read.await?;
    if !may_register {
        return closed(app, context, !typed.invite.is_empty());
    }
    let needs_setup_code = is_first && app.accounts.setup_code.is_some();
    let mut errors = field_messages(context.locale(), fields);
    for field in ["phone", "username", "password", "setup_code", "form"] {
        errors.entry(field).or_default();
    }
    let region = phone_region(app, context, &typed.region);
    page(
        app,
        &NewUserPage {
            page: Page::signed_out(context.display_preferences()),
            form: NewUserForm {
                phone: &typed.phone,
                region: &region,
                username: &typed.username,
                setup_code: &typed.setup_code,
                invite: &typed.invite,
            },
            errors,
            regions: &app.accounts.regions,
            needs_setup_code,
            // The set-up code cannot be entered at GitHub.
            github: github_oauth::start_url(app, "invite", &typed.invite)
                .filter(|_| !needs_setup_code),
        },
    )
}

/// Shows that registration is closed or needs an invite.
fn closed(app: &App, context: &RequestContext, has_invite: bool) -> Result<HttpResponse> {
    let invite_error = [("invite", LocalizedMessage::from("error-invite"))];
    let fields = if has_invite { &invite_error[..] } else { &[] };
    let mut errors = field_messages(context.locale(), fields);
    errors.entry("invite").or_default();
    let view = RegistrationClosedPage {
        page: Page::signed_out(context.display_preferences()),
        closed: app.accounts.registration_policy == RegistrationPolicy::Closed,
        errors,
    };
    let mut response = page(app, &view)?;
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}
