//! Sign-in by username alone: only in development, and only from the same machine.

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::Data;

use super::login_form;
use crate::controllers::App;
use crate::controllers::concerns::form_action;
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::extractors::form::{FormOrJson, UsernameField};
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::room::direct::find_active_user;
use crate::models::user::User;
use crate::views::pages::sessions::LoginForm;

/// `POST /development_session`: signs in as any user.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    let method = SignInMethod::Credentials;
    let result = match find(&app, &context, &typed.username).await {
        Ok(user) => return sign_in(&app, &context, &session, &user, method, "/").await,
        Err(Error::Unauthorized) => Err(Error::field("username", "error-direct-unknown")),
        Err(error) => Err(error),
    };
    form_action::respond(&context, result, async |errors| {
        let form = LoginForm {
            username: typed.username,
            ..LoginForm::default()
        };
        login_form::show(&app, &context, form, &errors)
    })
    .await
}

/// Returns the user with this name.
///
/// # Errors
/// `NotFound` when this is not allowed; `Unauthorized` when there is no such user.
pub(in crate::controllers) async fn find(
    app: &App,
    context: &RequestContext,
    name: &str,
) -> Result<User> {
    if !app.site.allows_development_sign_in(context.is_loopback) {
        return Err(Error::NotFound);
    }
    let name = name.to_owned();
    let found = app
        .database
        .read(move |conn| find_active_user(conn, &name))
        .await;
    found.map_err(|error| match error {
        Error::NotFound => Error::Unauthorized,
        other => other,
    })
}
