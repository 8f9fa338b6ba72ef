//! Setting a new password with a link.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::sign_in::{SignInMethod, client_info, sign_in};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::client_address::client_address;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, LocalizedMessage, Result};
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

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewPassword {
    password: String,
}

/// `GET /passwords/{token}`: the form.
pub async fn edit(
    app: Data<App>,
    context: RequestContext,
    token: Path<String>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let (user, _) = find(&app, &token).await?;
    form(&app, &context, &user, &token, &[])
}

/// `POST /passwords/{token}`: sets the password, ends all sessions, and signs the user in.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    token: Path<String>,
    Form(typed): Form<NewPassword>,
) -> Result<HttpResponse> {
    let token = token.into_inner();
    let (user, phone) = find(&app, &token).await?;
    let password = match parse_password(&typed.password, &user, phone.as_ref()) {
        Ok(password) => password,
        Err(Error::Invalid(fields)) if !context.wants_json => {
            let mut response = form(&app, &context, &user, &token, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(response);
        }
        Err(error) => return Err(error),
    };
    let requester = app
        .rate_limits
        .requester(client_address(&request), Priority::SignIn);
    let buckets = app.rate_limits.new_password(user.id)?;
    let hash = Attempt::run(&app, buckets, app.hasher.hash(requester, password)).await?;
    let client = client_info(&request);
    let write = app.database.write(move |conn| {
        let user = password_reset_link::redeem(conn, &token, &hash)?;
        security_event::record(conn, SecurityEventKind::PasswordReset, user.id, &client)?;
        Ok(user)
    });
    let user = write.await?;
    app.realtime.poll_now();
    sign_in(
        &app,
        &request,
        &session,
        &user,
        SignInMethod::Credentials,
        "/",
    )
    .await
}

async fn find(app: &App, token: &str) -> Result<(User, Option<PhoneNumber>)> {
    let token = token.to_owned();
    let read = app
        .database
        .read(move |conn| password_reset_link::find(conn, &token));
    read.await
}

/// Validates the password, which must not contain the user's number or name.
fn parse_password(typed: &str, user: &User, phone: Option<&PhoneNumber>) -> Result<Password> {
    let password = Password::parse(typed)?;
    password.require_unlike(phone, &Username::from_stored(user.username.clone()))?;
    Ok(password)
}

fn form(
    app: &App,
    context: &RequestContext,
    user: &User,
    token: &str,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let mut errors = field_messages(context.locale(), fields);
    errors.entry("password").or_default();
    page(
        app,
        &NewPasswordPage {
            page: Page::signed_out(context.display_preferences()),
            username: &user.username,
            token,
            errors,
        },
    )
}
