//! Entering the verification code sent to a phone number.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::controllers::concerns::phone_verification::{
    pending_browser, require_verification, send_code,
};
use crate::controllers::concerns::sign_in::{SignInMethod, client_info, sign_in};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::phone_verification;
use crate::models::auth::phone_verification::{CodeCheck, Verification, VerificationPurpose};
use crate::models::auth::security_event;
use crate::models::auth::security_event::{ClientInfo, SecurityEventKind};
use crate::models::auth::{invite, password_reset_link, rate_limit};
use crate::models::database::connection::DbConn;
use crate::models::room::LOBBY;
use crate::models::user::User;
use crate::models::user::registration::{Credential, Registration, RegistrationPolicy};
use crate::models::values::username::Username;
use crate::views::layout::Page;
use crate::views::pages::verifications::VerificationPage;

/// Lifetime of the link to the new password form.
const LINK_MINUTES: i64 = 10;

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    code: String,
}

/// The result of a right code.
enum Completed {
    Registered(User),
    MayChoosePassword(String),
    PhoneChanged,
}

/// `GET /verification`: the form.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
) -> Result<HttpResponse> {
    require_verification(&app)?;
    match find(&app, &request).await? {
        Some(verification) => form(&app, &context, &verification, &[]),
        None => Ok(see_other("/login")),
    }
}

/// `POST /verification`: checks the code, and completes the registration, password reset or change of number.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    current: Result<CurrentUser, Error>,
    Form(typed): Form<CodeForm>,
) -> Result<HttpResponse> {
    require_verification(&app)?;
    let Some(verification) = find(&app, &request).await? else {
        return Ok(see_other("/login"));
    };
    let current_user_id = current.ok().map(|CurrentUser(user)| user.id);
    let completed = match check(&app, &request, current_user_id, &typed.code).await {
        Ok(completed) => completed,
        Err(Error::Invalid(fields)) if !context.wants_json => {
            let mut response = form(&app, &context, &verification, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
        Err(error) => return Err(error),
    };
    match completed {
        Completed::Registered(user) => {
            let lobby = format!("/rooms/{LOBBY}");
            sign_in(
                &app,
                &request,
                &session,
                &user,
                SignInMethod::Credentials,
                &lobby,
            )
            .await
        }
        Completed::MayChoosePassword(token) => Ok(see_other(&format!("/passwords/{token}"))),
        Completed::PhoneChanged => Ok(see_other(
            "/settings/account?saved=phone-number#phone-number",
        )),
    }
}

/// `POST /verification/code`: sends a new code.
pub async fn resend_code(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
) -> Result<HttpResponse> {
    require_verification(&app)?;
    if let Some(verification) = find(&app, &request).await? {
        send_code(&app, &request, &context, verification).await?;
    }
    Ok(see_other("/verification"))
}

async fn find(app: &App, request: &HttpRequest) -> Result<Option<Verification>> {
    let Some(browser) = pending_browser(app, request) else {
        return Ok(None);
    };
    let read = app
        .database
        .read(move |conn| phone_verification::find(conn, &browser));
    read.await
}

async fn check(
    app: &App,
    request: &HttpRequest,
    current_user_id: Option<i64>,
    typed: &str,
) -> Result<Completed> {
    let browser = pending_browser(app, request).ok_or(Error::NotFound)?;
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let device = browser_id::get_or_create(app, request)?;
    let (by_address, by_browser) = app
        .rate_limits
        .registration(client_address(request), &device.hash)?;
    let limits = RegistrationLimits {
        policy: app.accounts.registration_policy,
        buckets: [by_address, by_browser].concat(),
    };
    let (hmac_key, client) = (app.hmac_key.clone(), client_info(request));
    let outcome = app.database.write(move |conn| {
        match phone_verification::check(conn, &hmac_key, &browser, &typed)? {
            CodeCheck::Correct(verification) => {
                let id = verification.invite.as_deref();
                let id = id.and_then(|typed| invite::verify_token(&hmac_key, typed));
                finish(conn, *verification, &limits, id, current_user_id, &client).map(Ok)
            }
            CodeCheck::Incorrect(left, verification) => {
                let (user_id, phone) = (verification.user_id, verification.phone);
                security_event::record_with_phone(
                    conn,
                    SecurityEventKind::CodeFailed,
                    user_id,
                    &phone,
                    &client,
                )?;
                // Not an outer error, which would roll back the count of wrong codes.
                Ok(Err(match left {
                    0 => LocalizedMessage::from("error-code-expired"),
                    left => LocalizedMessage::with("error-code-wrong", "left", left),
                }))
            }
            CodeCheck::Expired | CodeCheck::NotPending => Ok(Err("error-code-expired".into())),
        }
    });
    let outcome = outcome.await?;
    app.database.request_wal_truncation();
    outcome.map_err(|message| Error::field("code", message))
}

/// The policy and rate limits of a registration.
struct RegistrationLimits {
    policy: RegistrationPolicy,
    buckets: Vec<rate_limit::Bucket>,
}

/// Completes the action for which the code was requested.
fn finish(
    conn: &mut DbConn,
    verification: Verification,
    limits: &RegistrationLimits,
    invite: Option<i64>,
    current_user_id: Option<i64>,
    client: &ClientInfo,
) -> Result<Completed> {
    let phone = verification.phone.clone();
    match (verification.purpose, verification.user_id) {
        (VerificationPurpose::Registration, _) => {
            rate_limit::take(conn, &limits.buckets)?;
            let user = User::register(
                conn,
                &Registration {
                    policy: limits.policy,
                    invite,
                    credential: Credential::Phone {
                        phone: phone.clone(),
                        password_hash: verification.password_hash.unwrap_or_default(),
                    },
                    username: Username::parse(&verification.username.unwrap_or_default())?,
                    may_be_first: verification.may_be_first,
                },
            )?;
            security_event::record_with_phone(
                conn,
                SecurityEventKind::Registered,
                Some(user.id),
                &phone,
                client,
            )?;
            Ok(Completed::Registered(user))
        }
        (VerificationPurpose::PasswordReset, Some(user_id)) => {
            let lifetime = TimeDelta::minutes(LINK_MINUTES);
            let token = password_reset_link::create(conn, user_id, lifetime)?;
            Ok(Completed::MayChoosePassword(token))
        }
        // Only for the user who requested the change, who must still be signed in.
        (VerificationPurpose::PhoneChange, Some(user_id)) if current_user_id == Some(user_id) => {
            User::set_phone(conn, user_id, &phone)?;
            security_event::record_with_phone(
                conn,
                SecurityEventKind::PhoneChanged,
                Some(user_id),
                &phone,
                client,
            )?;
            Ok(Completed::PhoneChanged)
        }
        _ => Err(Error::Unauthorized),
    }
}

fn form(
    app: &App,
    context: &RequestContext,
    verification: &Verification,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    // The form has no fields for username and number; their errors are shown above it.
    let fields: Vec<_> = fields
        .iter()
        .map(|(field, message)| match *field {
            "code" => ("code", message.clone()),
            _ => ("form", message.clone()),
        })
        .collect();
    let mut errors = field_messages(context.locale(), &fields);
    for field in ["code", "form"] {
        errors.entry(field).or_default();
    }
    let phone = verification.phone.clone();
    page(
        app,
        &VerificationPage {
            page: Page::signed_out(context.display_preferences()),
            phone: phone.masked(),
            sent_if_registered: verification.purpose == VerificationPurpose::PasswordReset,
            restart_url: match verification.purpose {
                VerificationPurpose::Registration => "/register",
                VerificationPurpose::PasswordReset => "/password_reset",
                _ => "/settings/account",
            },
            development_message: require_verification(app)?.sms.last_text(phone.as_str()),
            errors,
        },
    )
}
