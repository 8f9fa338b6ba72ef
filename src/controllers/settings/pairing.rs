//! Signing in another device, on the one that is signed in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{Saved, frame};
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, redirect_or_no_content, page, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::{pairing, rate_limit};
use crate::views::pages::pairings::PairingPage;

/// Where it is.
const ADDRESS: &str = "/settings/pairing";

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    #[serde(rename = "_method")]
    method: Method,
    /// Which link they are about: another may have been made since.
    id: String,
}

/// `GET /settings/pairing`: the code to be photographed, and who has asked by it.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let read = app
        .database
        .read(move |conn| pairing::find_by_session(conn, &key_hash));
    let pairing = match read.await {
        Err(Error::NotFound) if !context.wants_json => return Ok(see_other("/settings/sessions")),
        pairing => pairing?,
    };
    let own = own_origin(&request).unwrap_or_default();
    let link = format!("{own}/pairings/{}", pairing.token(&app.hmac_key)?);
    let frame = frame(&app, &context, &user, "sessions", Saved::default(), &[]).await?;
    page(&app, &PairingPage::new(frame, pairing, link))
}

/// `POST /settings/pairing`: makes a code. With `_method=put` or `delete`, those.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Post => {}
        Method::Put => return update(app, context, request, current, input).await,
        Method::Delete => return destroy(app, context, request, current, input).await,
        Method::Patch => return Err(Error::MethodNotAllowed),
    }
    let CurrentSession { user, key_hash, .. } = current;
    let (hmac_key, client) = (app.hmac_key.clone(), client_info(&request));
    let tries = app.rate_limits.pairing_link(user.id)?;
    let write = app.database.write(move |conn| {
        rate_limit::take(conn, &tries)?;
        pairing::create(conn, &hmac_key, &key_hash)?;
        security_event::record(conn, SecurityEventKind::PairingCreated, user.id, &client)
    });
    write.await?;
    Ok(redirect_or_no_content(&context, input.is_json, ADDRESS))
}

/// `PUT /settings/pairing` with `id`: the device that has asked may come in.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let (id, client) = (input.fields.id, client_info(&request));
    let write = app.database.write(move |conn| {
        pairing::decide(conn, &key_hash, &id, true)?;
        security_event::record(conn, SecurityEventKind::PairingAllowed, user.id, &client)
    });
    answer(&context, input.is_json, write.await, ADDRESS)
}

/// `DELETE /settings/pairing` with `id`: the device that has asked may not come in. Where none has, the code is taken back.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let (id, client) = (input.fields.id, client_info(&request));
    let write =
        app.database.write(
            move |conn| match pairing::decide(conn, &key_hash, &id, false) {
                Ok(()) => security_event::record(conn, SecurityEventKind::PairingRefused, user.id, &client),
                Err(Error::NotFound) => pairing::cancel(conn, &key_hash, &id),
                Err(error) => Err(error),
            },
        );
    answer(&context, input.is_json, write.await, ADDRESS)
}

/// What cannot be decided any more is shown as it is.
fn answer(
    context: &RequestContext,
    is_json: bool,
    decided: Result<()>,
    location: &str,
) -> Result<HttpResponse> {
    match decided {
        Err(Error::NotFound) if !is_json && !context.wants_json => Ok(see_other(location)),
        decided => decided.map(|()| redirect_or_no_content(context, is_json, location)),
    }
}
