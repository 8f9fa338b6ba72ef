//! Sends verification codes to phone numbers, and recognizes the browser that entered the number.

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration;

use crate::controllers::extractors::browser_id::build_cookie;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, PhoneVerification, see_other, with_cookie};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::phone_verification::{
    self, VALID_MINUTES, Verification, VerificationCode, VerificationPurpose,
};
use crate::models::auth::rate_limit;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::session::{self, KeyHash};
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::models::values::phone_number::PhoneNumber;
use crate::services::sms::SmsMessage;

/// Lifetime of the cookie. Longer than the code's, so that an expired code can be reported as such.
const COOKIE_LIFETIME: Duration = Duration::hours(1);

/// Returns the id of the browser's pending verification, if any.
pub fn pending_browser(app: &App, context: &RequestContext) -> Option<KeyHash> {
    let mut keys = context.cookies(app.site.verification_cookie_name());
    let key = keys.find(|value| session::is_key(value))?;
    Some(KeyHash::of(key))
}

/// Returns the services of phone verification.
///
/// # Errors
/// `NotFound` when it is disabled.
pub fn require_verification(app: &App) -> Result<&PhoneVerification> {
    app.verification.as_ref().ok_or(Error::NotFound)
}

/// Sends a code and redirects to the page where it is entered. `fill` adds the data to store until then. The response does
/// not reveal whether the number belongs to an account.
///
/// # Errors
/// `Invalid` for `phone` in a region to which no codes are sent; `RateLimited` after too many codes to the number or from
/// the address.
pub async fn start_verification(
    app: &App,
    context: &RequestContext,
    phone: PhoneNumber,
    purpose: VerificationPurpose,
    fill: impl FnOnce(&mut Verification),
) -> Result<HttpResponse> {
    let (key, browser) = session::new_key();
    let mut verification = Verification::new(browser, purpose, phone);
    fill(&mut verification);
    send_code(app, context, verification).await?;
    let name = app.site.verification_cookie_name();
    let cookie = build_cookie(app, name, key, COOKIE_LIFETIME);
    with_cookie(see_other("/verification"), &cookie)
}

/// Sends a new code for a verification, which invalidates the previous code.
///
/// # Errors
/// As [`start_verification`].
pub async fn send_code(
    app: &App,
    context: &RequestContext,
    verification: Verification,
) -> Result<()> {
    let services = require_verification(app)?;
    let phone = verification.phone.clone();
    let is_allowed = phone.region().is_some_and(|region| {
        let mut countries = services.countries.iter();
        countries.any(|country| country.eq_ignore_ascii_case(&region))
    });
    if !services.countries.is_empty() && !is_allowed {
        return Err(Error::field("phone", "error-phone-country"));
    }
    let code = VerificationCode::random();
    let browser = &verification.browser_hash;
    let code_hash = code.hash(&app.hmac_key, browser);
    let decoy_hash = app.hmac_key.sign("no code", browser.as_str());
    let buckets = app.rate_limits.verification_code(context.address, &phone);
    let client = context.client.clone();
    let (purpose, number) = (verification.purpose, phone.clone());
    let is_eligible = app.database.write(move |conn| {
        rate_limit::count_attempt(conn, &buckets)?;
        let (owner, is_eligible) = owner_and_eligibility(conn, &verification, &phone)?;
        let user_id = match verification.purpose {
            VerificationPurpose::PasswordReset => owner,
            _ => verification.user_id,
        };
        let renewed = Verification {
            code_hash: if is_eligible { &code_hash } else { &decoy_hash }.clone(),
            tries: 0,
            user_id,
            expires_at: phone_verification::expiry(),
            ..verification.clone()
        };
        phone_verification::save(conn, &renewed)?;
        security_event::record_with_phone(
            conn,
            SecurityEventKind::CodeSent,
            owner,
            &phone,
            &client,
        )?;
        Ok(is_eligible)
    });
    let code = is_eligible.await?.then_some(&code);
    if let Some(message) = sms_message(context, purpose, number, code) {
        services.sms.enqueue(message);
    }
    Ok(())
}

/// Returns the number's owner, and whether the code may be accepted: for registration the number must be free, for a
/// password reset it must belong to an active user, and for a change of number it must be free or the user's own.
fn owner_and_eligibility(
    conn: &mut DbConn,
    verification: &Verification,
    phone: &PhoneNumber,
) -> Result<(Option<i64>, bool)> {
    let owner = User::find_id_by_phone(conn, phone)?;
    let is_eligible = match verification.purpose {
        VerificationPurpose::Registration => owner.is_none(),
        VerificationPurpose::PasswordReset => User::find_by_phone(conn, phone)?.is_some(),
        _ => owner.is_none_or(|owner| Some(owner) == verification.user_id),
    };
    Ok((owner, is_eligible))
}

/// Returns the text message: the code, or a note that the number already has an account. `None` for a password reset of a
/// number without one.
fn sms_message(
    context: &RequestContext,
    purpose: VerificationPurpose,
    phone: PhoneNumber,
    code: Option<&VerificationCode>,
) -> Option<SmsMessage> {
    let text = match code {
        Some(code) => LocalizedMessage {
            id: "sms-code",
            args: vec![
                ("code", code.as_str().to_owned()),
                ("minutes", VALID_MINUTES.to_string()),
            ],
        },
        None if purpose == VerificationPurpose::PasswordReset => return None,
        None => "sms-number-taken".into(),
    };
    Some(SmsMessage {
        number: phone.as_str().to_owned(),
        text: context.locale().translate(&text),
        code: code.map(|code| code.as_str().to_owned()),
    })
}
