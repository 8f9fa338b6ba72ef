//! A new password, for whoever holds a link.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::sign_in::{Way, origin, sign_in};
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::{Error, Result, LocalizedMessage};
use crate::models::auth::password_reset_link;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::user::User;
use crate::models::values::password::Password;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username::Username;
use crate::services::password_hasher::queue::Priority;
use crate::views::layout::Page;
use crate::views::pages::verifications::NewPasswordPage;

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    password: String,
}

/// `GET /passwords/{token}`
pub async fn edit(app: Data<App>, asked: Asked, token: Path<String>) -> Result<HttpResponse> {
    let token = token.into_inner();
    let (user, _) = find(&app, &token).await?;
    form(&app, &asked, &user, &token, &[])
}

/// `POST /passwords/{token}`: sets the password, ends all sessions, and signs the person in here.
pub async fn update(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    token: Path<String>,
    Form(typed): Form<Typed>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let (user, phone) = find(&app, &token).await?;
    let password = match fitting(&typed.password, &user, phone) {
        Ok(password) => password,
        Err(Error::Invalid(fields)) if !asked.wants_json => {
            let mut response = form(&app, &asked, &user, &token, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
        Err(error) => return Err(error),
    };
    let requester = app.throttles.requester(&request, Priority::SignIn);
    let tries = app.throttles.new_password(user.id)?;
    let hash = Attempt::spend(&app, tries, app.hasher.hash(requester, password)).await?;
    let origin = origin(&request);
    let write = app.database.write(move |conn| {
        let user = password_reset_link::redeem(conn, &token, &hash)?;
        security_event::record(conn, SecurityEventKind::PasswordReset, user.id, &origin)?;
        Ok(user)
    });
    let user = write.await?;
    app.realtime.poll_now();
    sign_in(&app, &request, &session, &user, Way::KNOWING, "/").await
}

async fn find(app: &App, token: &str) -> Result<(User, Option<String>)> {
    let token = token.to_owned();
    let read = app
        .database
        .read(move |conn| password_reset_link::find(conn, &token));
    read.await
}

fn fitting(typed: &str, user: &User, phone: Option<String>) -> Result<Password> {
    let phone = phone.map(PhoneNumber::from_stored);
    let password = Password::parse(typed)?;
    password.require_unlike(
        phone.as_ref(),
        &Username::from_stored(user.username.clone()),
    )?;
    Ok(password)
}

fn form(
    app: &App,
    asked: &Asked,
    user: &User,
    token: &str,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let mut errors = field_sentences(asked.locale(), fields);
    errors.entry("password").or_default();
    page(
        app,
        &NewPasswordPage {
            page: Page::signed_out(asked.look()),
            username: &user.username,
            token,
            errors,
        },
    )
}
