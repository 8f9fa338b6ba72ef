//! Signing in by name alone: only in development, and only from this very machine. Elsewhere there is no such address.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::sessions::{Credentials, form};
use crate::controllers::App;
use crate::controllers::concerns::sign_in::{Way, sign_in};
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::Asked;
use crate::error::{Error, Result};
use crate::models::room::direct::find_active_user;
use crate::models::user::User;

/// Whom a developer wants to be.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Anybody {
    username: String,
}

/// `POST /development_session`
pub async fn create(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    session: Session,
    input: FormOrJson<Anybody>,
) -> Result<HttpResponse> {
    match find(&app, &asked, &input.fields.username).await {
        Ok(user) => sign_in(&app, &request, &session, &user, Way::KNOWING, "/").await,
        Err(Error::Unauthorized) => {
            if input.is_json || asked.wants_json {
                return Err(Error::field("username", "error-direct-unknown"));
            }
            let fields = [("username", "error-direct-unknown".into())];
            let mut typed = Credentials::default();
            typed.username = input.fields.username;
            let mut response = form(&app, &asked, &typed, &fields)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// Whether somebody who asks so may be anybody.
pub(in crate::controllers) fn are_open(app: &App, asked: &Asked) -> bool {
    app.site.is_development && asked.is_loopback
}

/// Somebody by name.
///
/// # Errors
/// `NotFound` where this is not allowed, `Unauthorized` when there is nobody of that name.
pub(in crate::controllers) async fn find(app: &App, asked: &Asked, name: &str) -> Result<User> {
    if !are_open(app, asked) {
        return Err(Error::NotFound);
    }
    let name = name.to_owned();
    let found = app.database.read(move |conn| find_active_user(conn, &name)).await;
    found.map_err(|error| match error {
        Error::NotFound => Error::Unauthorized,
        other => other,
    })
}
