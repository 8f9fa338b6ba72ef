//! Setting a new password with a link.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::concerns::form_action;
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, signed_out_page};
use crate::error::{LocalizedMessage, Result};
use crate::models::auth::password_reset_link;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::user::User;
use crate::models::values::password::Password;
use crate::models::values::phone_number::PhoneNumber;
use crate::models::values::username::Username;
use crate::services::password_hasher::queue::Priority;
use crate::views::pages::verifications::NewPasswordPage;

/// Fields of the form.
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
    let (user, _) = find(&app, &token).await?;
    show(&app, &context, &user, &token, &[])
}

/// `POST /passwords/{token}`: sets the password, ends all sessions, and signs the user in.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    token: Path<String>,
    Form(typed): Form<NewPassword>,
) -> Result<HttpResponse> {
    let (user, phone) = find(&app, &token).await?;
    let result = match parse_password(&typed.password, &user, phone.as_ref()) {
        Ok(password) => {
            let user = set_password(&app, &context, user.id, token.clone(), password).await?;
            let method = SignInMethod::Credentials;
            return sign_in(&app, &context, &session, &user, method, "/").await;
        }
        Err(error) => Err(error),
    };
    form_action::respond(&context, result, async |errors| {
        show(&app, &context, &user, &token, &errors)
    })
    .await
}

async fn set_password(
    app: &App,
    context: &RequestContext,
    user_id: i64,
    token: String,
    password: Password,
) -> Result<User> {
    let limits = &app.rate_limits;
    let requester = limits.hash_requester(context.address, Priority::SignIn);
    let buckets = limits.new_password(user_id);
    let hash = Attempt::run(app, buckets, app.hasher.hash(requester, password)).await?;
    let client = context.client.clone();
    let write = app.database.write(move |conn| {
        let user = password_reset_link::redeem(conn, &token, &hash)?;
        security_event::record(conn, SecurityEventKind::PasswordReset, user.id, &client)?;
        Ok(user)
    });
    let user = write.await?;
    app.realtime.poll_now();
    Ok(user)
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
    let name = Username::from_stored(user.username.clone());
    password.require_unlike(phone, &name)?;
    Ok(password)
}

fn show(
    app: &App,
    context: &RequestContext,
    user: &User,
    token: &str,
    errors: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let view = NewPasswordPage {
        page: signed_out_page(context),
        username: &user.username,
        token,
        errors: field_messages(context, &["password"], errors),
    };
    page(app, &view)
}
