//! Pairing: signing in another device from the device that is signed in.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::{FormResult, settings_layout};
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, redirect_or_no_content, see_other};
use crate::error::{Error, Result};
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::{pairing, rate_limit};
use crate::views::pages::pairings::PairingPage;

/// Path of the page.
const PATH: &str = "/settings/pairing";

/// Fields of `/settings/pairing`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PairingInput {
    /// Pairing to decide: a newer one may exist meanwhile.
    id: String,
}

/// `GET /settings/pairing`: the QR code, and the device that requests to sign in.
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let read = app
        .database
        .read(move |conn| pairing::find_by_session(conn, &key_hash));
    let pairing = match read.await {
        Err(Error::NotFound) if !context.wants_json => return Ok(see_other("/settings/sessions")),
        pairing => pairing?,
    };
    let origin = context.origin.as_deref().unwrap_or_default();
    let link = format!("{origin}/pairings/{}", pairing.token(&app.hmac_key));
    let result = FormResult::default();
    let layout = settings_layout(&app, &context, &user, "sessions", result).await?;
    page(&app, &PairingPage::new(layout, pairing, link))
}

/// `POST /settings/pairing`: creates a pairing.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    _: FormOrJson<PairingInput>,
) -> Result<HttpResponse> {
    let (hmac_key, client) = (app.hmac_key.clone(), context.client.clone());
    let tries = app.rate_limits.pairing_link(user.id);
    let write = app.database.write(move |conn| {
        rate_limit::count_attempt(conn, &tries)?;
        pairing::create(conn, &hmac_key, &key_hash)?;
        security_event::record(conn, SecurityEventKind::PairingCreated, user.id, &client)
    });
    write.await?;
    Ok(redirect_or_no_content(&context, PATH))
}

/// `PUT /settings/pairing` with `id`: allows the requesting device to sign in.
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    FormOrJson(typed): FormOrJson<PairingInput>,
) -> Result<HttpResponse> {
    let client = context.client.clone();
    let write = app.database.write(move |conn| {
        pairing::decide(conn, &key_hash, &typed.id, true)?;
        security_event::record(conn, SecurityEventKind::PairingAllowed, user.id, &client)
    });
    respond(&context, write.await)
}

/// `DELETE /settings/pairing` with `id`: denies the requesting device; without one, cancels the pairing.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentSession { user, key_hash, .. }: CurrentSession,
    FormOrJson(typed): FormOrJson<PairingInput>,
) -> Result<HttpResponse> {
    let (id, client) = (typed.id, context.client.clone());
    let write =
        app.database.write(
            move |conn| match pairing::decide(conn, &key_hash, &id, false) {
                Err(Error::NotFound) => pairing::cancel(conn, &key_hash, &id),
                decided => {
                    decided?;
                    security_event::record(
                        conn,
                        SecurityEventKind::PairingRefused,
                        user.id,
                        &client,
                    )
                }
            },
        );
    respond(&context, write.await)
}

/// Redirects to the page, also when the pairing no longer exists; 404 for JSON.
fn respond(context: &RequestContext, decided: Result<()>) -> Result<HttpResponse> {
    match decided {
        Err(Error::NotFound) if !context.expects_json() => Ok(see_other(PATH)),
        decided => decided.map(|()| redirect_or_no_content(context, PATH)),
    }
}
