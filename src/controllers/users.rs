//! Registering.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::concerns::input::Form;
use super::concerns::sign_in::sign_in;
use super::errors::field_sentences;
use super::{App, page, see_other};
use crate::error::{Error, Result, Sentence};
use crate::models::password::Password;
use crate::models::phone_number::PhoneNumber;
use crate::models::room::LOBBY;
use crate::models::user::{Registration, User};
use crate::models::username::Username;
use crate::views::page::Page;
use crate::views::users::{NewUserForm, NewUserPage};

/// What the registration form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewUser {
    phone: String,
    region: String,
    username: String,
    password: String,
    setup_code: String,
}

/// `GET /register`
pub async fn new(app: Data<App>, asked: Asked) -> Result<HttpResponse> {
    form(&app, &asked, &NewUser::default(), &[]).await
}

/// `POST /register`: makes the person and signs them in.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    Form(typed): Form<NewUser>,
) -> Result<HttpResponse> {
    match register(&app, &asked, &typed).await {
        Ok(user) => {
            sign_in(&app, &request, &session, &user).await?;
            Ok(see_other(&format!("/rooms/{LOBBY}")))
        }
        Err(Error::Invalid(fields)) if !asked.wants_json => {
            let mut response = form(&app, &asked, &typed, &fields).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

async fn register(app: &App, asked: &Asked, typed: &NewUser) -> Result<User> {
    let region = region(app, asked, &typed.region);
    let phone = PhoneNumber::parse(&typed.phone, &region);
    let username = Username::parse(&typed.username);
    let password = Password::parse(&typed.password);
    let (phone, username, password) = match (phone, username, password) {
        (Ok(phone), Ok(username), Ok(password)) => (phone, username, password),
        (phone, username, password) => {
            return Err(all_fields([phone.err(), username.err(), password.err()]));
        }
    };
    let registration = Registration {
        phone,
        username,
        password_hash: app.hasher.hash(password).await?,
        may_be_first: app
            .accounts
            .setup_code
            .as_deref()
            .is_none_or(|code| code == typed.setup_code.trim()),
    };
    app.database
        .write(move |conn| User::register(conn, &registration))
        .await
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
pub(super) fn region(app: &App, asked: &Asked, chosen: &str) -> String {
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
    let needs_setup_code =
        app.accounts.setup_code.is_some() && !app.database.run(User::any).await?;
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
            },
            errors,
            regions: &app.accounts.regions,
            needs_setup_code,
        },
    )
}
