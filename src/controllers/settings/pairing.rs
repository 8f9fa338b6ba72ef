//! Pairing: signing in another device from the device that is signed in.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{SavedQuery, settings_layout};
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, page, redirect_or_no_content, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::{pairing, rate_limit};
use crate::views::pages::pairings::PairingPage;

/// Path of the page.
const PATH: &str = "/settings/pairing";

/// Fields of `/settings/pairing`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PairingInput {
    #[serde(rename = "_method")]
    method: Method,
    /// Pairing to decide: a newer one may exist meanwhile.
    id: String,
}

/// `GET /settings/pairing`: the QR code, and the device that requests to sign in.
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
    let origin = own_origin(&request).unwrap_or_default();
    let link = format!("{origin}/pairings/{}", pairing.token(&app.hmac_key));
    let layout = settings_layout(
        &app,
        &context,
        &user,
        "sessions",
        SavedQuery::default(),
        &[],
    )
    .await?;
    page(&app, &PairingPage::new(layout, pairing, link))
}

/// `POST /settings/pairing`: creates a pairing. `_method=put` or `delete` dispatch to these actions.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<PairingInput>,
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
    Ok(redirect_or_no_content(&context, input.is_json, PATH))
}

/// `PUT /settings/pairing` with `id`: allows the requesting device to sign in.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    input: FormOrJson<PairingInput>,
) -> Result<HttpResponse> {
    let (id, client) = (input.fields.id, client_info(&request));
    let write = app.database.write(move |conn| {
        pairing::decide(conn, &key_hash, &id, true)?;
        security_event::record(conn, SecurityEventKind::PairingAllowed, user.id, &client)
    });
    respond(&context, input.is_json, write.await, PATH)
}

/// `DELETE /settings/pairing` with `id`: denies the requesting device; without one, cancels the pairing.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    input: FormOrJson<PairingInput>,
) -> Result<HttpResponse> {
    let (id, client) = (input.fields.id, client_info(&request));
    let write =
        app.database.write(
            move |conn| match pairing::decide(conn, &key_hash, &id, false) {
                Ok(()) => security_event::record(
                    conn,
                    SecurityEventKind::PairingRefused,
                    user.id,
                    &client,
                ),
                Err(Error::NotFound) => pairing::cancel(conn, &key_hash, &id),
                Err(error) => Err(error),
            },
        );
    respond(&context, input.is_json, write.await, PATH)
}

/// Redirects to the page, also when the pairing no longer exists; 404 for JSON.
fn respond(
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
