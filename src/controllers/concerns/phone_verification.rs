//! Sending a code to a number, and knowing the browser that waits for it.

use actix_web::cookie::Cookie;
use actix_web::cookie::time::Duration;
use actix_web::{HttpRequest, HttpResponse};

use super::sign_in::origin;
use crate::controllers::extractors::browser_id::keep;
use crate::controllers::extractors::cookies;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, Verifying, see_other};
use crate::error::{Error, Result, Sentence};
use crate::models::auth::phone_verification;
use crate::models::auth::phone_verification::{
    Code, MINUTES, PASSWORD, REGISTRATION, Verification,
};
use crate::models::auth::rate_limit;
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::database::connection::DbConn;
use crate::models::user::User;
use crate::models::values::phone_number::PhoneNumber;
use crate::services::sms::SmsMessage;

/// A browser remembers for so long that it waits for a code, so that it can be told when it is too late.
const REMEMBERED: Duration = Duration::hours(1);

/// The browser that waits for a code, if it does.
pub fn waiting(app: &App, request: &HttpRequest) -> Option<KeyHash> {
    let cookies = cookies::all(request, app.site.verification_cookie_name());
    let mut keys = cookies.iter().map(Cookie::value);
    let key = keys.find(|value| session::is_key(value))?;
    Some(KeyHash::of(key))
}

/// How numbers are verified here.
///
/// # Errors
/// `NotFound` where they are not.
pub fn verifying(app: &App) -> Result<&Verifying> {
    app.verification.as_ref().ok_or(Error::NotFound)
}

/// Sends a code and leads to the page where it is typed. `fill` says what for. The answer is the same whoever's number it is.
///
/// # Errors
/// `Invalid` for `phone` where no messages go; `RateLimited` when too many went there, or came from here.
pub async fn begin(
    app: &App,
    request: &HttpRequest,
    asked: &Asked,
    phone: &PhoneNumber,
    purpose: &str,
    fill: impl FnOnce(&mut Verification),
) -> Result<HttpResponse> {
    let (key, browser) = session::new_key();
    let mut wanted = Verification::new(&browser, purpose, phone, String::new());
    fill(&mut wanted);
    send(app, request, asked, wanted).await?;
    let name = app.site.verification_cookie_name();
    let mut response = see_other("/verification");
    let cookie = keep(app, name, key, REMEMBERED);
    response.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(response)
}

/// Sends a code for what a browser waits for: the one before is worth nothing any more.
///
/// # Errors
/// As [`begin`].
pub async fn send(
    app: &App,
    request: &HttpRequest,
    asked: &Asked,
    wanted: Verification,
) -> Result<()> {
    let verifying = verifying(app)?;
    let phone = PhoneNumber::from_stored(wanted.phone.clone());
    let reaches = phone.region().is_some_and(|region| {
        let mut countries = verifying.countries.iter();
        countries.any(|country| country.eq_ignore_ascii_case(&region))
    });
    if !verifying.countries.is_empty() && !reaches {
        return Err(Error::field("phone", "error-phone-country"));
    }
    let code = Code::random();
    let browser = KeyHash::from_stored(wanted.browser_hash.clone());
    let good = code.hash(&app.keyed, &browser)?;
    let useless = app.keyed.hash("no code", browser.as_str())?;
    let tries = app.throttles.code(request, &phone)?;
    let (origin, purpose, number) = (origin(request), wanted.purpose.clone(), phone.clone());
    let fits = app.database.write(move |conn| {
        rate_limit::take(conn, &tries)?;
        let (owner, fits) = owner(conn, &wanted, &phone)?;
        let user_id = match wanted.purpose.as_str() {
            PASSWORD => owner,
            _ => wanted.user_id,
        };
        let fresh = Verification {
            code_hash: if fits { &good } else { &useless }.clone(),
            tries: 0,
            user_id,
            expires_at: phone_verification::expiry(),
            ..wanted.clone()
        };
        phone_verification::begin(conn, &fresh)?;
        security_event::record_about(conn, Kind::CodeSent, owner, &phone, &origin)?;
        Ok(fits)
    });
    if let Some(message) = message(asked, &purpose, number, fits.await?.then_some(&code)) {
        verifying.sms.enqueue(message);
    }
    Ok(())
}

/// Whose number it is, and whether a code for it may be worth something: to register it must be nobody's, to get in without
/// the password it must be somebody's who may be here.
fn owner(
    conn: &mut DbConn,
    wanted: &Verification,
    phone: &PhoneNumber,
) -> Result<(Option<i64>, bool)> {
    let owner = User::id_with_phone(conn, phone)?;
    let fits = match wanted.purpose.as_str() {
        REGISTRATION => owner.is_none(),
        PASSWORD => User::with_phone(conn, phone)?.is_some(),
        _ => owner.is_none_or(|owner| Some(owner) == wanted.user_id),
    };
    Ok((owner, fits))
}

/// What is sent: the code; or, to somebody who has an account already, that somebody tried. A number without an account is
/// not bothered because somebody forgot which one is theirs.
fn message(
    asked: &Asked,
    purpose: &str,
    phone: PhoneNumber,
    code: Option<&Code>,
) -> Option<SmsMessage> {
    let text = match code {
        Some(code) => Sentence {
            id: "sms-code",
            args: vec![
                ("code", code.as_str().to_owned()),
                ("minutes", MINUTES.to_string()),
            ],
        },
        None if purpose == PASSWORD => return None,
        None => "sms-taken".into(),
    };
    Some(SmsMessage {
        number: phone.as_str().to_owned(),
        text: asked.locale().translate(&text),
        code: code.map(|code| code.as_str().to_owned()),
    })
}
