//! Checks a verification code, and completes the action for which it was sent.

use chrono::TimeDelta;

use crate::controllers::App;
use crate::controllers::concerns::phone_verification::pending_browser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::phone_verification::{self, CodeCheck, Verification, VerificationPurpose};
use crate::models::auth::security_event::{self, ClientInfo, SecurityEventKind};
use crate::models::auth::{invite, password_reset_link, rate_limit};
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::models::user::registration::{Credential, Registration, RegistrationPolicy};
use crate::models::values::username::Username;

/// Lifetime of the link to the new password form.
const LINK_MINUTES: i64 = 10;

/// The action that a correct code completed.
pub(super) enum Verified {
    Registered(User),
    MayChoosePassword(String),
    PhoneChanged,
}

/// Checks the code of the browser's pending verification.
///
/// # Errors
/// `Invalid` for `code` if it is wrong or expired; those of the action.
pub(super) async fn check(
    app: &App,
    context: &RequestContext,
    current_user_id: Option<i64>,
    typed: &str,
) -> Result<Verified> {
    let browser = pending_browser(app, context).ok_or(Error::NotFound)?;
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let device = context.browser(app);
    let (by_address, by_browser) = app.rate_limits.registration(context.address, &device.hash);
    let limits = RegistrationLimits {
        policy: app.accounts.registration_policy,
        buckets: [by_address, by_browser].concat(),
    };
    let (hmac_key, client) = (app.hmac_key.clone(), context.client.clone());
    let outcome = app.database.write(move |conn| {
        match phone_verification::check(conn, &hmac_key, &browser, &typed)? {
            CodeCheck::Correct(verification) => {
                let id = verification.invite.as_deref();
                let id = id.and_then(|typed| invite::verify_token(&hmac_key, typed));
                finish(conn, *verification, &limits, id, current_user_id, &client).map(Ok)
            }
            CodeCheck::Incorrect(left, verification) => {
                let (kind, user_id) = (SecurityEventKind::CodeFailed, verification.user_id);
                let phone = verification.phone;
                security_event::record_with_phone(conn, kind, user_id, &phone, &client)?;
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
) -> Result<Verified> {
    let phone = verification.phone.clone();
    match (verification.purpose, verification.user_id) {
        (VerificationPurpose::Registration, _) => {
            rate_limit::count_attempt(conn, &limits.buckets)?;
            let registration = Registration {
                policy: limits.policy,
                invite,
                credential: Credential::Phone {
                    phone: phone.clone(),
                    password_hash: verification.password_hash.unwrap_or_default(),
                },
                username: Username::parse(&verification.username.unwrap_or_default())?,
                may_be_first: verification.may_be_first,
            };
            let user = User::register(conn, &registration)?;
            let (kind, id) = (SecurityEventKind::Registered, Some(user.id));
            security_event::record_with_phone(conn, kind, id, &phone, client)?;
            Ok(Verified::Registered(user))
        }
        (VerificationPurpose::PasswordReset, Some(user_id)) => {
            let lifetime = TimeDelta::minutes(LINK_MINUTES);
            let token = password_reset_link::create(conn, user_id, lifetime)?;
            Ok(Verified::MayChoosePassword(token))
        }
        // Only for the user who requested the change, who must still be signed in.
        (VerificationPurpose::PhoneChange, Some(user_id)) if current_user_id == Some(user_id) => {
            User::set_phone(conn, user_id, &phone)?;
            let kind = SecurityEventKind::PhoneChanged;
            security_event::record_with_phone(conn, kind, Some(user_id), &phone, client)?;
            Ok(Verified::PhoneChanged)
        }
        _ => Err(Error::Unauthorized),
    }
}
