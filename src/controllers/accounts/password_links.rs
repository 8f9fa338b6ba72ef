//! Password links: an admin creates a link with which a user sets a new password once.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::TimeDelta;

use crate::controllers::concerns::form_action;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::Admin;
use crate::controllers::extractors::form::{FormOrJson, UsernameField};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::password_reset_link;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::room::Room;
use crate::models::user::User;
use crate::models::values::user_status::Status;
use crate::views::pages::invites::PasswordLinkPage;
use crate::views::pages::rooms::SidebarPage;
use crate::views::qr::Qr;

/// Lifetime of a link.
const LINK_HOURS: i64 = 4;

/// `GET /password_links`: the form.
pub async fn new(
    app: Data<App>,
    context: RequestContext,
    Admin(admin): Admin,
) -> Result<HttpResponse> {
    show(&app, &context, &admin, "", None, &[]).await
}

/// `POST /password_links` with `username`: shows the new link, which cannot be shown again. Invalidates the previous one.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    Admin(admin): Admin,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    let name = typed.username.trim();
    let (wanted, client) = (name.to_owned(), context.client.clone());
    let created = app.database.write(move |conn| {
        let user = User::find_by_username_or_phone(conn, &wanted, "")?;
        if user.status != Status::Active {
            return Err(Error::NotFound);
        }
        let token = password_reset_link::create(conn, user.id, TimeDelta::hours(LINK_HOURS))?;
        let kind = SecurityEventKind::PasswordLinkCreated;
        security_event::record(conn, kind, user.id, &client)?;
        Ok((user.username, token))
    });
    let shown = match created.await {
        Ok((username, token)) => {
            let own = context.origin.as_deref().unwrap_or_default();
            let link = format!("{own}/passwords/{token}");
            show(&app, &context, &admin, &username, Some(link), &[]).await
        }
        Err(Error::NotFound) => {
            let unknown = LocalizedMessage::with("error-member-unknown", "name", name);
            Err(Error::field("username", unknown))
        }
        Err(error) => Err(error),
    };
    form_action::respond(&context, shown, async |errors| {
        show(&app, &context, &admin, name, None, &errors).await
    })
    .await
}

/// Shows the form with the created link or field errors.
async fn show(
    app: &App,
    context: &RequestContext,
    admin: &User,
    username: &str,
    link: Option<String>,
    errors: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let user_id = admin.id;
    let read = app.database.read(move |conn| Room::list_for(conn, user_id));
    let view = PasswordLinkPage {
        layout: SidebarPage::new(context.display_preferences(), admin, read.await?),
        username,
        qr: link.as_deref().and_then(Qr::encode),
        link,
        hours: LINK_HOURS,
        errors: field_messages(context, &["username"], errors),
    };
    page(app, &view)
}
