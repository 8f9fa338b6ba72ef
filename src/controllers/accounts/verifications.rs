//! The code that came to a number.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::controllers::concerns::phone_verification::{send, verifying, waiting};
use crate::controllers::concerns::sign_in::{Way, origin, sign_in};
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result, Sentence};
use crate::models::auth::phone_verification;
use crate::models::auth::phone_verification::{
    Outcome, PASSWORD, PHONE, REGISTRATION, Verification,
};
use crate::models::auth::security_event;
use crate::models::auth::security_event::{Kind, Origin};
use crate::models::auth::{invite, password_reset_link, rate_limit};
use crate::models::database::connection::DbConn;
use crate::models::room::LOBBY;
use crate::models::user::{Key, Policy, Registration, User};
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username::Username;
use crate::views::layout::Page;
use crate::views::pages::verifications::VerificationPage;

/// Whoever typed the code may take so long for a new password.
const LINK_MINUTES: i64 = 10;

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    code: String,
}

/// What a right code leads to.
enum Done {
    Registered(User),
    MayChoosePassword(String),
    PhoneChanged,
}

/// `GET /verification`: where the code is typed.
pub async fn show(app: Data<App>, asked: Asked, request: HttpRequest) -> Result<HttpResponse> {
    verifying(&app)?;
    match find(&app, &request).await? {
        Some(verification) => form(&app, &asked, &verification, &[]),
        None => Ok(see_other("/login")),
    }
}

/// `POST /verification`: holds the typed code against the one that was sent.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    current: Result<CurrentUser, Error>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    verifying(&app)?;
    let Some(verification) = find(&app, &request).await? else {
        return Ok(see_other("/login"));
    };
    let me = current.ok().map(|CurrentUser(user)| user.id);
    let done = match check(&app, &request, me, &typed.code).await {
        Ok(done) => done,
        Err(Error::Invalid(fields)) if !asked.wants_json => {
            let mut response = form(&app, &asked, &verification, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
        Err(error) => return Err(error),
    };
    match done {
        Done::Registered(user) => {
            let lobby = format!("/rooms/{LOBBY}");
            sign_in(&app, &request, &session, &user, Way::KNOWING, &lobby).await
        }
        Done::MayChoosePassword(token) => Ok(see_other(&format!("/passwords/{token}"))),
        Done::PhoneChanged => Ok(see_other(
            "/settings/account?saved=phone-number#phone-number",
        )),
    }
}

/// `POST /verification/code`: sends another code.
pub async fn again(app: Data<App>, asked: Asked, request: HttpRequest) -> Result<HttpResponse> {
    verifying(&app)?;
    if let Some(verification) = find(&app, &request).await? {
        send(&app, &request, &asked, verification).await?;
    }
    Ok(see_other("/verification"))
}

async fn find(app: &App, request: &HttpRequest) -> Result<Option<Verification>> {
    let Some(browser) = waiting(app, request) else {
        return Ok(None);
    };
    let read = app
        .database
        .run(move |conn| phone_verification::find(conn, &browser));
    read.await
}

async fn check(app: &App, request: &HttpRequest, me: Option<i64>, typed: &str) -> Result<Done> {
    let browser = waiting(app, request).ok_or(Error::NotFound)?;
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let device = browser_id::recognise(app, request)?;
    let (by_address, by_browser) = app.throttles.registration(request, &device.hash)?;
    let registering = Registering {
        policy: app.accounts.policy,
        tries: [by_address, by_browser].concat(),
    };
    let (keyed, origin) = (app.keyed.clone(), origin(request));
    let outcome = app.database.write(move |conn| {
        match phone_verification::check(conn, &keyed, &browser, &typed)? {
            Outcome::Right(verification) => {
                let id = verification.invite.as_deref();
                let id = id.and_then(|typed| invite::id_of(&keyed, typed));
                finish(conn, *verification, &registering, id, me, &origin).map(Ok)
            }
            Outcome::Wrong(left, verification) => {
                let (user_id, phone) = (verification.user_id, verification.phone);
                let phone = PhoneNumber::from_stored(phone);
                security_event::record_about(conn, Kind::CodeFailed, user_id, &phone, &origin)?;
                // An error would take back that it was counted.
                Ok(Err(match left {
                    0 => Sentence::from("error-code-over"),
                    left => Sentence::with("error-code-wrong", "left", left),
                }))
            }
            Outcome::Over | Outcome::Nothing => Ok(Err("error-code-over".into())),
        }
    });
    let outcome = outcome.await?;
    app.database.erase_traces();
    outcome.map_err(|sentence| Error::field("code", sentence))
}

/// What a new account must keep to.
struct Registering {
    policy: Policy,
    tries: Vec<rate_limit::Bucket>,
}

/// Does what the code was for.
fn finish(
    conn: &mut DbConn,
    verification: Verification,
    registering: &Registering,
    invite: Option<i64>,
    me: Option<i64>,
    origin: &Origin,
) -> Result<Done> {
    let phone = PhoneNumber::from_stored(verification.phone);
    match (verification.purpose.as_str(), verification.user_id) {
        (REGISTRATION, _) => {
            rate_limit::take(conn, &registering.tries)?;
            let user = User::register(
                conn,
                &Registration {
                    policy: registering.policy,
                    invite,
                    key: Key::Phone {
                        phone: phone.clone(),
                        password_hash: verification.password_hash.unwrap_or_default(),
                    },
                    username: Username::parse(&verification.username.unwrap_or_default())?,
                    may_be_first: verification.may_be_first,
                },
            )?;
            security_event::record_about(conn, Kind::Registered, Some(user.id), &phone, origin)?;
            Ok(Done::Registered(user))
        }
        (PASSWORD, Some(user_id)) => {
            let lifetime = TimeDelta::minutes(LINK_MINUTES);
            let token = password_reset_link::create(conn, user_id, lifetime)?;
            Ok(Done::MayChoosePassword(token))
        }
        // Only for whoever asked for it, and is still signed in.
        (PHONE, Some(user_id)) if me == Some(user_id) => {
            User::set_phone(conn, user_id, &phone)?;
            security_event::record_about(conn, Kind::PhoneChanged, Some(user_id), &phone, origin)?;
            Ok(Done::PhoneChanged)
        }
        _ => Err(Error::Unauthorized),
    }
}

fn form(
    app: &App,
    asked: &Asked,
    verification: &Verification,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    // What was wrong with the name or the number is said where there is a field.
    let fields: Vec<_> = fields
        .iter()
        .map(|(field, sentence)| match *field {
            "code" => ("code", sentence.clone()),
            _ => ("form", sentence.clone()),
        })
        .collect();
    let mut errors = field_sentences(asked.locale(), &fields);
    for field in ["code", "form"] {
        errors.entry(field).or_default();
    }
    let phone = PhoneNumber::from_stored(verification.phone.clone());
    page(
        app,
        &VerificationPage {
            page: Page::signed_out(asked.look()),
            phone: phone.masked(),
            sent_if_registered: verification.purpose == PASSWORD,
            restart_url: match verification.purpose.as_str() {
                REGISTRATION => "/register",
                PASSWORD => "/password_reset",
                _ => "/settings/account",
            },
            development_message: verifying(app)?.sms.last_text(phone.as_str()),
            errors,
        },
    )
}
