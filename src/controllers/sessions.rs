//! Signing in and out.

use std::sync::Arc;

use actix_session::Session;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::concerns::current_user::CurrentSession;
use super::concerns::input::Form;
use super::concerns::sign_in::{local_path, sign_in};
use super::errors::field_sentences;
use super::{App, development_sessions, page, see_other};
use crate::error::{Error, Result, Sentence};
use crate::models::phone_number::PhoneNumber;
use crate::models::session;
use crate::models::user::User;
use crate::views::page::Page;
use crate::views::sessions::{NewSessionForm, NewSessionPage};

/// What the sign-in form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    phone: String,
    region: String,
    password: String,
    next: String,
    pub(super) username: String,
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
    let signed_in = match &user {
        Some(user) => sign_in(&app, &request, &session, user).await,
        None => Err(Error::Unauthorized),
    };
    if let Err(Error::Unauthorized) = signed_in {
        let fields = [("form", "error-login".into())];
        if asked.wants_json {
            return Err(Error::Invalid(fields.into()));
        }
        let mut response = form(&app, &asked, &typed, &fields)?;
        *response.status_mut() = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    signed_in?;
    Ok(see_other(local_path(&typed.next)))
}

/// `POST /logout`: ends the session here and on the server, and its sockets.
pub async fn destroy(
    app: Data<App>,
    session: Session,
    current: Result<CurrentSession, Error>,
) -> Result<HttpResponse> {
    match current {
        Ok(CurrentSession { user, key_hash, .. }) => {
            let session: Arc<str> = key_hash.as_str().into();
            // Also a token's, which no cookie ends.
            app.database
                .write(move |conn| session::end(conn, &key_hash))
                .await?;
            app.live.sign_out(user.id, session);
        }
        Err(Error::Unauthorized) => {}
        Err(error) => return Err(error),
    }
    session.purge();
    Ok(see_other("/login"))
}

/// Who this is. An unknown number takes as long as a wrong password.
pub(super) async fn authenticate(
    app: &App,
    request: &HttpRequest,
    phone: &str,
    region: &str,
    password: &str,
) -> Result<Option<User>> {
    let region = super::users::region(app, &Asked::of(request), region);
    let found = match PhoneNumber::parse(phone, &region) {
        Ok(phone) => {
            let read = app.database.run(move |conn| User::with_phone(conn, &phone));
            read.await?
        }
        Err(_) => None,
    };
    let (user, hash) = found.unzip();
    let is_right = app
        .hasher
        .verify(password.to_owned(), hash.flatten())
        .await?;
    Ok(user.filter(|_| is_right))
}

/// The sign-in page, also with what could not be done as it was typed.
pub(super) fn form(
    app: &App,
    asked: &Asked,
    typed: &Credentials,
    fields: &[(&'static str, Sentence)],
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
            registration: true,
            development: development_sessions::are_open(app, asked),
        },
    )
}
