//! Sign-in and sign-out.

use std::sync::Arc;

use actix_session::Session;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::authentication::authenticate;
use super::login_form::show;
use crate::controllers::concerns::form_action;
use crate::controllers::concerns::sign_in::{SignInMethod, local_path, sign_in};
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::Form;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::session;
use crate::views::pages::sessions::LoginForm;

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
    let form = LoginForm {
        next: query.into_inner().next,
        ..LoginForm::default()
    };
    show(&app, &context, form, &[])
}

/// `POST /login`: the same message for an unknown number and a wrong password.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    Form(typed): Form<LoginForm>,
) -> Result<HttpResponse> {
    let (phone, region) = (&typed.phone, &typed.region);
    let user = authenticate(&app, &context, phone, region, &typed.password).await?;
    let (method, next) = (SignInMethod::Credentials, local_path(&typed.next));
    let signed_in = match &user {
        Some(user) => sign_in(&app, &context, &session, user, method, next).await,
        None => Err(Error::Unauthorized),
    };
    let signed_in = signed_in.map_err(|error| match error {
        Error::Unauthorized => Error::field("form", "error-login"),
        other => other,
    });
    form_action::respond(&context, signed_in, async |errors| {
        show(&app, &context, typed, &errors)
    })
    .await
}

/// `POST /logout`: ends the session, removes its cookie, and closes its sockets.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    session: Session,
    current: Result<CurrentSession, Error>,
) -> Result<HttpResponse> {
    match current {
        Ok(CurrentSession { user, key_hash, .. }) => {
            let client = context.client.clone();
            let ended: Arc<str> = key_hash.as_str().into();
            // Purging the cookie below does not end a token's session.
            let write = app.database.write(move |conn| {
                session::end(conn, &key_hash)?;
                security_event::record(conn, SecurityEventKind::SignedOut, user.id, &client)
            });
            write.await?;
            app.realtime.close_session(user.id, ended);
        }
        Err(Error::Unauthorized) => {}
        Err(error) => return Err(error),
    }
    session.purge();
    Ok(see_other("/login"))
}
