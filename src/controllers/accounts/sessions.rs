//! Signing in and out.

use std::sync::Arc;

use actix_session::Session;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::development_sessions;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::github_oauth::entrance;
use crate::controllers::concerns::sign_in::{Way, local_path, origin, sign_in};
use crate::controllers::errors::{field_sentences, told};
use crate::controllers::extractors::browser_id;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page, see_other};
use crate::error::{Error, Result, LocalizedMessage};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::auth::trusted_browser;
use crate::models::user::User;
use crate::models::user::registration::RegistrationPolicy;
use crate::models::values::phone_number::PhoneNumber;
use crate::services::password_hasher::PasswordCheck;
use crate::services::password_hasher::queue::Priority;
use crate::views::layout::Page;
use crate::views::pages::sessions::{NewSessionForm, NewSessionPage};

/// What the sign-in form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    phone: String,
    region: String,
    password: String,
    next: String,
    pub(in crate::controllers) username: String,
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// `GET /login`
pub async fn new(app: Data<App>, asked: Asked, query: Query<Next>) -> Result<HttpResponse> {
    let typed = Credentials {
        next: query.into_inner().next,
        ..Credentials::default()
    };
    form(&app, &asked, &typed, &[])
}

/// `POST /login`: one vague sentence for every failure.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    Form(typed): Form<Credentials>,
) -> Result<HttpResponse> {
    let (phone, region) = (&typed.phone, &typed.region);
    let user = authenticate(&app, &request, phone, region, &typed.password).await?;
    let next = local_path(&typed.next);
    let signed_in = match &user {
        Some(user) => sign_in(&app, &request, &session, user, Way::KNOWING, next).await,
        None => Err(Error::Unauthorized),
    };
    match signed_in {
        Err(Error::Unauthorized) if asked.wants_json => Err(Error::field("form", "error-login")),
        Err(Error::Unauthorized) => {
            let mut response = form(&app, &asked, &typed, &[("form", "error-login".into())])?;
            *response.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        answer => answer,
    }
}

/// `POST /logout`: ends the session here and on the server, and its sockets.
pub async fn destroy(
    app: Data<App>,
    request: HttpRequest,
    session: Session,
    current: Result<CurrentSession, Error>,
) -> Result<HttpResponse> {
    match current {
        Ok(CurrentSession { user, key_hash, .. }) => {
            let origin = origin(&request);
            let session: Arc<str> = key_hash.as_str().into();
            // Also a token's, which no cookie ends.
            app.database
                .write(move |conn| {
                    session::end(conn, &key_hash)?;
                    security_event::record(conn, SecurityEventKind::SignedOut, user.id, &origin)
                })
                .await?;
            app.realtime.close_session(user.id, session);
        }
        Err(Error::Unauthorized) => {}
        Err(error) => return Err(error),
    }
    session.purge();
    Ok(see_other("/login"))
}

/// Who this is. An unknown number takes as long as a wrong password.
///
/// # Errors
/// `RateLimited` when it was tried too often.
pub(in crate::controllers) async fn authenticate(
    app: &App,
    request: &HttpRequest,
    phone: &str,
    region: &str,
    password: &str,
) -> Result<Option<User>> {
    let region = super::users::region(app, &Asked::of(request), region);
    let phone = PhoneNumber::parse(phone, &region).ok();
    let known = known_browser(app, request, phone.as_ref()).await?;
    let tries = app
        .throttles
        .sign_in(request, phone.as_ref(), known.as_ref())?;
    let attempt = Attempt::begin(app, tries).await?;
    let found = match phone.clone() {
        Some(phone) => {
            let read = app.database.read(move |conn| User::find_by_phone(conn, &phone));
            read.await?
        }
        None => None,
    };
    let (user, hash) = found.unzip();
    let (user, hash) = (user, hash.flatten());
    let priority = match known {
        Some(_) => Priority::Trusted,
        None => Priority::SignIn,
    };
    let requester = app.throttles.requester(request, priority);
    let verdict = app
        .hasher
        .verify(requester, password.to_owned(), hash.clone());
    let new_hash = match verdict.await {
        Err(error) => {
            // Before the answer, so that the next request finds it taken back.
            attempt.undo().await?;
            return Err(error);
        }
        Ok(PasswordCheck::Invalid) => {
            attempt.count();
            failed(app, request, user, phone).await?;
            return Ok(None);
        }
        Ok(PasswordCheck::Valid) => None,
        Ok(PasswordCheck::ValidNeedsRehash(new)) => Some(new),
    };
    attempt.forgive().await?;
    if let (Some(user), Some(old), Some(new)) = (&user, hash, new_hash) {
        let id = user.id;
        app.database
            .write(move |conn| User::rehash(conn, id, &old, &new))
            .await?;
    }
    Ok(user)
}

/// The browser of this request, if the account with this number was used with it before.
async fn known_browser(
    app: &App,
    request: &HttpRequest,
    phone: Option<&PhoneNumber>,
) -> Result<Option<KeyHash>> {
    let (Some(browser), Some(phone)) = (browser_id::known(app, request), phone.cloned()) else {
        return Ok(None);
    };
    let read = app.database.read(move |conn| {
        let is_known = trusted_browser::is_trusted(conn, &browser, &phone)?;
        Ok(is_known.then_some(browser))
    });
    read.await
}

/// Writes down that somebody did not know the password: whether there is such a number or not.
async fn failed(
    app: &App,
    request: &HttpRequest,
    user: Option<User>,
    phone: Option<PhoneNumber>,
) -> Result<()> {
    let Some(phone) = phone else { return Ok(()) };
    let (user_id, origin) = (user.map(|user| user.id), origin(request));
    app.database
        .write(move |conn| {
            security_event::record_with_phone(conn, SecurityEventKind::SignInFailed, user_id, &phone, &origin)
        })
        .await
}

/// The sign-in page of somebody whom GitHub's word did not let in.
pub(in crate::controllers) fn refused(
    app: &App,
    asked: &Asked,
    next: &str,
    error: &Error,
) -> Result<HttpResponse> {
    let typed = Credentials {
        next: next.to_owned(),
        ..Credentials::default()
    };
    let (status, sentence) = told(error);
    let mut response = form(app, asked, &typed, &[("form", sentence)])?;
    *response.status_mut() = status;
    Ok(response)
}

/// The sign-in page, also with what could not be done as it was typed.
pub(in crate::controllers) fn form(
    app: &App,
    asked: &Asked,
    typed: &Credentials,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let mut errors = field_sentences(asked.locale(), fields);
    for field in ["phone", "password", "username", "form"] {
        errors.entry(field).or_default();
    }
    let region = super::users::region(app, asked, &typed.region);
    page(
        app,
        &NewSessionPage {
            page: Page::signed_out(asked.look()),
            form: NewSessionForm {
                phone: &typed.phone,
                region: &region,
                next: &typed.next,
                username: &typed.username,
            },
            errors,
            regions: &app.accounts.regions,
            registration: app.accounts.policy == RegistrationPolicy::Open,
            reset: app.verification.is_some(),
            github: entrance(app, "next", &typed.next),
            development: development_sessions::are_open(app, asked),
        },
    )
}
