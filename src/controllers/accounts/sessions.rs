//! Sign-in and sign-out.

use std::sync::Arc;

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::authentication::authenticate;
use super::login_form::{LoginForm, show};
use crate::controllers::concerns::sign_in::{SignInMethod, client_info, local_path, sign_in};
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::session;

/// The query of the sign-in page: where to redirect after sign-in.
#[derive(Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    next: String,
}

/// `GET /login`
pub async fn new(
    app: Data<App>,
    context: RequestContext,
    query: Query<LoginQuery>,
) -> Result<HttpResponse> {
    let typed = LoginForm {
        next: query.into_inner().next,
        ..LoginForm::default()
    };
    show(&app, &context, &typed, &[])
}

/// `POST /login`: the same message for an unknown number and a wrong password.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    session: Session,
    Form(typed): Form<LoginForm>,
) -> Result<HttpResponse> {
    let (phone, region) = (&typed.phone, &typed.region);
    let user = authenticate(&app, &request, phone, region, &typed.password).await?;
    let next = local_path(&typed.next);
    let signed_in = match &user {
        Some(user) => {
            sign_in(
                &app,
                &request,
                &session,
                user,
                SignInMethod::Credentials,
                next,
            )
            .await
        }
        None => Err(Error::Unauthorized),
    };
    match signed_in {
        Err(Error::Unauthorized) if context.wants_json => Err(Error::field("form", "error-login")),
        Err(Error::Unauthorized) => {
            let mut response = show(&app, &context, &typed, &[("form", "error-login".into())])?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        result => result,
    }
}

/// `POST /logout`: ends the session, removes its cookie, and closes its sockets.
pub async fn destroy(
    app: Data<App>,
    request: HttpRequest,
    session: Session,
    current: Result<CurrentSession, Error>,
) -> Result<HttpResponse> {
    match current {
        Ok(CurrentSession { user, key_hash, .. }) => {
            let client = client_info(&request);
            let session: Arc<str> = key_hash.as_str().into();
            // Purging the cookie below does not end a token's session.
            app.database
                .write(move |conn| {
                    session::end(conn, &key_hash)?;
                    security_event::record(conn, SecurityEventKind::SignedOut, user.id, &client)
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
