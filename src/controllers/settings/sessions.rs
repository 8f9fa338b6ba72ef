//! Signed-in devices of the current user.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::{SavedQuery, redirect_saved, settings_layout};
use crate::controllers::concerns::sign_in::origin;
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::{Error, Result};
use crate::models::auth::security_event;
use crate::models::auth::security_event::Kind;
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
    asked: Asked,
    current: CurrentSession,
    query: Query<SavedQuery>,
) -> Result<HttpResponse> {
    let user_id = current.user.id;
    let read = app.database.run(move |conn| device::all_of(conn, user_id));
    let devices = read.await?.into_iter();
    let mut devices: Vec<DeviceItem> = devices
        .map(|device| DeviceItem::new(asked.look(), device, &current.key_hash))
        .collect();
    devices.sort_by_key(|device| !device.is_current());
    let saved = query.into_inner();
    let view = SessionsPage {
        layout: settings_layout(&app, &asked, &current.user, "sessions", saved, &[]).await?,
        devices,
    };
    page(&app, &view)
}

/// `DELETE /settings/sessions`: ends all other sessions and closes their sockets and streams.
pub async fn clear(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let origin = origin(&request);
    let write = app.database.write(move |conn| {
        session::end_all(conn, user.id, Some(&key_hash))?;
        security_event::record(conn, Kind::SessionsEnded, user.id, &origin)
    });
    write.await?;
    app.live.look_now();
    Ok(redirect_saved(&asked, false, "sessions", "devices"))
}

/// `DELETE /settings/sessions/{id}`: signs out one device.
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    id: Path<String>,
) -> Result<HttpResponse> {
    let (user_id, id, origin) = (current.user.id, id.into_inner(), origin(&request));
    let write = app.database.write(move |conn| {
        device::end(conn, user_id, &id)?;
        security_event::record(conn, Kind::SignedOut, user_id, &origin)
    });
    write.await?;
    app.live.look_now();
    Ok(redirect_saved(&asked, false, "sessions", "devices"))
}

/// `POST /settings/sessions` with `_method=delete`
pub async fn clear_via_post(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    input: FormOrJson<SessionInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => clear(app, asked, request, current).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// `POST /settings/sessions/{id}` with `_method=delete`
pub async fn destroy_via_post(
    app: Data<App>,
    asked: Asked,
    request: HttpRequest,
    current: CurrentSession,
    id: Path<String>,
    input: FormOrJson<SessionInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, asked, request, current, id).await,
        _ => Err(Error::MethodNotAllowed),
    }
}
