//! Signed-in devices of the current user.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};

use super::{FormResult, redirect_saved, settings_layout};
use crate::controllers::extractors::current_user::CurrentSession;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::auth::{device, session};
use crate::views::pages::settings::{DeviceItem, SessionsPage};

/// `GET /settings/sessions`
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    query: Query<FormResult>,
) -> Result<HttpResponse> {
    let user_id = current.user.id;
    let read = app.database.read(move |conn| device::list(conn, user_id));
    let devices = read.await?.into_iter();
    let mut devices: Vec<DeviceItem> = devices
        .map(|device| DeviceItem::new(context.display_preferences(), device, &current.key_hash))
        .collect();
    devices.sort_by_key(|device| !device.is_current());
    let result = query.into_inner();
    let view = SessionsPage {
        layout: settings_layout(&app, &context, &current.user, "sessions", result).await?,
        devices,
    };
    page(&app, &view)
}

/// `DELETE /settings/sessions`: ends all other sessions and closes their sockets and streams.
pub async fn clear(
    app: Data<App>,
    context: RequestContext,
    CurrentSession { user, key_hash, .. }: CurrentSession,
) -> Result<HttpResponse> {
    let client = context.client.clone();
    let write = app.database.write(move |conn| {
        session::end_all(conn, user.id, Some(&key_hash))?;
        security_event::record(conn, SecurityEventKind::SessionsEnded, user.id, &client)
    });
    write.await?;
    app.realtime.poll_now();
    Ok(redirect_saved(&context, "sessions", "devices"))
}

/// `DELETE /settings/sessions/{id}`: signs out one device.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    current: CurrentSession,
    id: Path<String>,
) -> Result<HttpResponse> {
    let (user_id, client) = (current.user.id, context.client.clone());
    let write = app.database.write(move |conn| {
        device::end(conn, user_id, &id)?;
        security_event::record(conn, SecurityEventKind::SignedOut, user_id, &client)
    });
    write.await?;
    app.realtime.poll_now();
    Ok(redirect_saved(&context, "sessions", "devices"))
}
