//! Registering.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::github_oauth::entrance;
use crate::controllers::concerns::phone_verification::begin;
use crate::controllers::concerns::sign_in::{Way, origin, sign_in};
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::{Error, Result, Sentence};
use crate::models::auth::invite;
use crate::models::auth::phone_verification::REGISTRATION;
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
use crate::models::room::LOBBY;
use crate::models::user::{Key, Policy, Registration, User};
use crate::models::values::password::Password;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::signing::is_same;
use crate::models::values::username::Username;
use crate::services::password_hasher::queue::Priority;
use crate::views::layout::Page;
use crate::views::pages::users::{RegistrationClosedPage, NewUserForm, NewUserPage};

/// What the registration form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewUser {
    phone: String,
    region: String,
    username: String,
    password: String,
    setup_code: String,
    invite: String,
}

/// The invite in the address.
#[derive(Deserialize)]
pub struct Invited {
    #[serde(default)]
    invite: String,
}

/// `GET /register`, with `?invite=` where one is needed.
pub async fn new(app: Data<App>, asked: Asked, query: Query<Invited>) -> Result<HttpResponse> {
    let typed = NewUser {
        invite: query.into_inner().invite,
        ..NewUser::default()
    };
    form(&app, &asked, &typed, &[]).await
}

/// `POST /register`: makes the person and signs them in; where numbers are verified, sends a code first.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    Form(typed): Form<NewUser>,
) -> Result<HttpResponse> {
    let came = match parse(&app, &asked, &typed) {
        Ok(newcomer) if app.verification.is_some() => {
            verify(&app, &asked, &request, newcomer).await
        }
        Ok(newcomer) => register(&app, &request, &session, newcomer).await,
        Err(error) => Err(error),
    };
    match came {
        Err(Error::Invalid(fields)) if !asked.wants_json => {
            let mut response = form(&app, &asked, &typed, &fields).await?;
            if response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            }
            Ok(response)
        }
        answer => answer,
    }
}

/// Somebody whose form makes sense.
struct Newcomer {
    phone: PhoneNumber,
    username: Username,
    password: Password,
    invite: Option<i64>,
    typed_invite: String,
    may_be_first: bool,
}

fn parse(app: &App, asked: &Asked, typed: &NewUser) -> Result<Newcomer> {
    let region = region(app, asked, &typed.region);
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
        (Ok(phone), Ok(username), Ok(password)) => Ok(Newcomer {
            phone,
            username,
            password,
            invite: invite::id_of(&app.keyed, &typed.invite),
            typed_invite: typed.invite.trim().to_owned(),
            may_be_first: app
                .accounts
                .setup_code
                .as_deref()
                .is_none_or(|code| is_same(code, typed.setup_code.trim())),
        }),
        (phone, username, password) => {
            Err(all_fields([phone.err(), username.err(), password.err()]))
        }
    }
}

async fn register(
    app: &App,
    request: &HttpRequest,
    session: &Session,
    newcomer: Newcomer,
) -> Result<HttpResponse> {
    let device = browser_id::recognise(app, request)?;
    let (by_address, by_browser) = app.throttles.registration(request, &device.hash)?;
    let attempt = Attempt::begin(app, [by_address, by_browser.clone()].concat()).await?;
    match make(app, request, newcomer).await {
        Ok(user) => {
            attempt.count();
            let location = format!("/rooms/{LOBBY}");
            sign_in(app, request, session, &user, Way::KNOWING, &location).await
        }
        Err(error @ (Error::Unavailable(_) | Error::SerializationFailure(_))) => {
            attempt.undo().await?;
            Err(error)
        }
        Err(error) => {
            attempt.count_except(by_browser).await?;
            Err(error)
        }
    }
}

async fn make(app: &App, request: &HttpRequest, newcomer: Newcomer) -> Result<User> {
    let wanted = newcomer.username.clone();
    // A name that is taken is not worth a hash.
    let read = app
        .database
        .run(move |conn| User::require_free_name(conn, &wanted));
    read.await?;
    let requester = app.throttles.requester(request, Priority::Registration);
    let registration = Registration {
        policy: app.accounts.policy,
        invite: newcomer.invite,
        key: Key::Phone {
            phone: newcomer.phone.clone(),
            password_hash: app.hasher.hash(requester, newcomer.password).await?,
        },
        username: newcomer.username,
        may_be_first: newcomer.may_be_first,
    };
    let (phone, origin) = (newcomer.phone, origin(request));
    let write = app.database.write(move |conn| {
        let user = User::register(conn, &registration)?;
        let id = Some(user.id);
        security_event::record_about(conn, Kind::Registered, id, &phone, &origin)?;
        Ok(user)
    });
    write.await
}

/// Sends a code; the rest waits until it comes back. Whether the number has an account already, nobody is told here.
async fn verify(
    app: &App,
    asked: &Asked,
    request: &HttpRequest,
    newcomer: Newcomer,
) -> Result<HttpResponse> {
    let tries = app.throttles.registration_form(request)?;
    let (name, invite) = (newcomer.username.clone(), newcomer.invite);
    let (typed_invite, may_be_first) = (newcomer.typed_invite.clone(), newcomer.may_be_first);
    let phone = newcomer.phone.clone();
    let password_hash = Attempt::spend(app, tries, prepare(app, request, newcomer)).await?;
    begin(app, request, asked, &phone, REGISTRATION, |wanted| {
        wanted.username = Some(name.as_str().to_owned());
        wanted.password_hash = Some(password_hash);
        wanted.invite = invite.map(|_| typed_invite);
        wanted.may_be_first = may_be_first;
    })
    .await
}

/// The hash of the password of somebody who may register.
async fn prepare(app: &App, request: &HttpRequest, newcomer: Newcomer) -> Result<String> {
    let (policy, invite, wanted) = (app.accounts.policy, newcomer.invite, newcomer.username);
    let may_be_first = newcomer.may_be_first;
    let read = app.database.run(move |conn| {
        User::require_free_name(conn, &wanted)?;
        match (User::any(conn)?, policy) {
            (false, _) if !may_be_first => Err(Error::field("setup_code", "error-setup-code")),
            (true, Policy::Closed) => Err(Error::Forbidden),
            (true, Policy::Invite) => match invite {
                Some(id) if invite::is_open(conn, id)? => Ok(()),
                _ => Err(Error::field("invite", "error-invite")),
            },
            (true, Policy::Open) | (false, _) => Ok(()),
        }
    });
    read.await?;
    let requester = app.throttles.requester(request, Priority::Registration);
    app.hasher.hash(requester, newcomer.password).await
}

/// All mistakes at once, so that nobody has to find them one by one.
fn all_fields(errors: [Option<Error>; 3]) -> Error {
    let mut all = Vec::new();
    for error in errors.into_iter().flatten() {
        match error {
            Error::Invalid(fields) => all.extend(fields),
            other => return other,
        }
    }
    Error::Invalid(all)
}

/// The country of a number: the chosen one, the one that the browser's languages suggest, or the configured one.
pub(in crate::controllers) fn region(app: &App, asked: &Asked, chosen: &str) -> String {
    let chosen =
        Some(chosen.to_ascii_uppercase()).filter(|region| PhoneNumber::knows_region(region));
    chosen
        .or_else(|| asked.region())
        .unwrap_or_else(|| app.accounts.region.clone())
}

async fn form(
    app: &App,
    asked: &Asked,
    typed: &NewUser,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    let (policy, id) = (
        app.accounts.policy,
        invite::id_of(&app.keyed, &typed.invite),
    );
    let read = app.database.run(move |conn| {
        let is_new = !User::any(conn)?;
        let is_invited = match id {
            Some(id) if policy == Policy::Invite => invite::is_open(conn, id)?,
            _ => false,
        };
        Ok((is_new, is_new || policy == Policy::Open || is_invited))
    });
    let (is_new, is_welcome) = read.await?;
    if !is_welcome {
        return closed(app, asked, !typed.invite.is_empty());
    }
    let needs_setup_code = is_new && app.accounts.setup_code.is_some();
    let mut errors = field_sentences(asked.locale(), fields);
    for field in ["phone", "username", "password", "setup_code", "form"] {
        errors.entry(field).or_default();
    }
    let region = region(app, asked, &typed.region);
    page(
        app,
        &NewUserPage {
            page: Page::signed_out(asked.look()),
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
            // Whoever needs the set-up code cannot say it to GitHub.
            github: entrance(app, "invite", &typed.invite).filter(|_| !needs_setup_code),
        },
    )
}

/// What is shown where not everybody may register.
fn closed(app: &App, asked: &Asked, has_invite: bool) -> Result<HttpResponse> {
    let sentence = [("invite", Sentence::from("error-invite"))];
    let sentences = if has_invite { &sentence[..] } else { &[] };
    let mut errors = field_sentences(asked.locale(), sentences);
    errors.entry("invite").or_default();
    let view = RegistrationClosedPage {
        page: Page::signed_out(asked.look()),
        closed: app.accounts.policy == Policy::Closed,
        errors,
    };
    let mut response = page(app, &view)?;
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}
