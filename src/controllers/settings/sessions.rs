//! Signed-in devices of the current user.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{SavedQuery, redirect_saved, settings_layout};
use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::auth::{device, session};
use crate::views::pages::settings::{DeviceItem, SessionsPage};

/// Fields of `/settings/sessions`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SessionInput {
    #[serde(rename = "_method")]
    method: Method,
}

/// `GET /settings/sessions`
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let user_id = current.user.id;
    let read = app.database.read(move |conn| device::list(conn, user_id));
    let devices = read.await?.into_iter();
    let mut devices: Vec<DeviceItem> = devices
        .map(|device| DeviceItem::new(context.display_preferences(), device, &current.key_hash))
        .collect();
    devices.sort_by_key(|device| !device.is_current());
    let saved = query.into_inner();
    let view = SessionsPage {
        layout: settings_layout(&app, &context, &current.user, "sessions", saved, &[]).await?,
        devices,
    };
    page(&app, &view)
}

/// `DELETE /settings/sessions`: ends all other sessions and closes their sockets and streams.
pub async fn clear(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let client = client_info(&request);
    let write = app.database.write(move |conn| {
        session::end_all(conn, user.id, Some(&key_hash))?;
        security_event::record(conn, SecurityEventKind::SessionsEnded, user.id, &client)
    });
    write.await?;
    app.realtime.poll_now();
    Ok(redirect_saved(&context, false, "sessions", "devices"))
}

/// `DELETE /settings/sessions/{id}`: signs out one device.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    id: Path<String>,
) -> Result<HttpResponse> {
    let (user_id, id, client) = (current.user.id, id.into_inner(), client_info(&request));
    let write = app.database.write(move |conn| {
        device::end(conn, user_id, &id)?;
        security_event::record(conn, SecurityEventKind::SignedOut, user_id, &client)
    });
    write.await?;
    app.realtime.poll_now();
    Ok(redirect_saved(&context, false, "sessions", "devices"))
}

/// `POST /settings/sessions` with `_method=delete`
pub async fn clear_via_post(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<SessionInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => clear(app, context, request, current).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// `POST /settings/sessions/{id}` with `_method=delete`
pub async fn destroy_via_post(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    current: CurrentSession,
    id: Path<String>,
    input: FormOrJson<SessionInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, context, request, current, id).await,
        _ => Err(Error::MethodNotAllowed),
    }
}
