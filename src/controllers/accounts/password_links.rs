//! Password links: an admin creates a link with which a user sets a new password once.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::Admin;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, page};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::password_reset_link;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::room::Room;
use crate::models::user::User;
use crate::models::values::user_status::Status;
use crate::views::pages::invites::PasswordLinkPage;
use crate::views::pages::rooms::SidebarPage;
use crate::views::qr::Qr;

/// Lifetime of a link.
const LINK_HOURS: i64 = 4;

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewPasswordLink {
    username: String,
}

/// `GET /password_links`: the form.
pub async fn new(
    app: Data<App>,
    context: RequestContext,
    Admin(admin): Admin,
) -> Result<HttpResponse> {
    show(&app, &context, admin, "", None, &[]).await
}

/// `POST /password_links` with `username`: shows the new link, which cannot be shown again. Invalidates the previous one.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    Admin(admin): Admin,
    input: FormOrJson<NewPasswordLink>,
) -> Result<HttpResponse> {
    let (name, client) = (
        input.fields.username.trim().to_owned(),
        client_info(&request),
    );
    let wanted = name.clone();
    let created = app.database.write(move |conn| {
        let user = User::find_by_username_or_phone(conn, &wanted, "")?;
        if user.status != Status::Active {
            return Err(Error::NotFound);
        }
        let token = password_reset_link::create(conn, user.id, TimeDelta::hours(LINK_HOURS))?;
        security_event::record(
            conn,
            SecurityEventKind::PasswordLinkCreated,
            user.id,
            &client,
        )?;
        Ok((user.username, token))
    });
    match created.await {
        Ok((username, token)) => {
            let own = own_origin(&request).unwrap_or_default();
            let link = format!("{own}/passwords/{token}");
            show(&app, &context, admin, &username, Some(link), &[]).await
        }
        Err(Error::NotFound) => {
            let unknown = LocalizedMessage::with("error-member-unknown", "name", &name);
            let fields = [("username", unknown)];
            if input.is_json || context.wants_json {
                return Err(Error::Invalid(fields.into()));
            }
            let mut response = show(&app, &context, admin, &name, None, &fields).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// Shows the form with the created link or field errors.
async fn show(
    app: &App,
    context: &RequestContext,
    admin: User,
    username: &str,
    link: Option<String>,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let user_id = admin.id;
    let read = app.database.read(move |conn| Room::list_for(conn, user_id));
    let mut errors = field_messages(context.locale(), fields);
    errors.entry("username").or_default();
    page(
        app,
        &PasswordLinkPage {
            layout: SidebarPage::new(context.display_preferences(), &admin, read.await?),
            username,
            qr: link.as_deref().and_then(Qr::encode),
            link,
            hours: LINK_HOURS,
            errors,
        },
    )
}
