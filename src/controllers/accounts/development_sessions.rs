//! Sign-in by username alone: only in development, and only from the same machine.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::login_form::{LoginForm, show};
use crate::controllers::App;
use crate::controllers::concerns::sign_in::{SignInMethod, sign_in};
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, Result};
use crate::models::room::direct::find_active_user;
use crate::models::user::User;

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DevelopmentCredentials {
    username: String,
}

/// `POST /development_session`: signs in as any user.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    input: FormOrJson<DevelopmentCredentials>,
) -> Result<HttpResponse> {
    match find(&app, &context, &input.fields.username).await {
        Ok(user) => {
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
        Err(Error::Unauthorized) => {
            if input.is_json || context.wants_json {
                return Err(Error::field("username", "error-direct-unknown"));
            }
            let fields = [("username", "error-direct-unknown".into())];
            let typed = LoginForm {
                username: input.fields.username,
                ..LoginForm::default()
            };
            let mut response = show(&app, &context, &typed, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
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
