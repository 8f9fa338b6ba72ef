//! Invites: links for registration.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::controllers::concerns::sign_in::client_info;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::middleware::same_origin::own_origin;
use crate::controllers::{App, page, redirect_or_no_content, see_other};
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::auth::invite;
use crate::models::auth::security_event;
use crate::models::auth::security_event::SecurityEventKind;
use crate::models::room::Room;
use crate::models::user::User;
use crate::models::user::registration::RegistrationPolicy;
use crate::views::pages::invites::{InviteForm, InviteItem, InvitesPage};
use crate::views::pages::rooms::SidebarPage;

/// The fields of the form: maximum registrations, and days until expiry.
#[derive(Deserialize)]
#[serde(default)]
pub struct NewInvite {
    uses: String,
    days: String,
}

impl Default for NewInvite {
    fn default() -> Self {
        Self {
            uses: "1".to_owned(),
            days: "7".to_owned(),
        }
    }
}

/// The fields of a form for one invite.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct MethodOverride {
    #[serde(rename = "_method")]
    method: Method,
}

/// Requires that the user may create invites.
///
/// # Errors
/// `NotFound` when registration does not use invites; `Forbidden` when only admins create them.
pub(in crate::controllers) fn require_inviter(app: &App, user: &User) -> Result<()> {
    if app.accounts.registration_policy != RegistrationPolicy::Invite {
        return Err(Error::NotFound);
    }
    match app.accounts.invite_policy.allows(user) {
        true => Ok(()),
        false => Err(Error::Forbidden),
    }
}

/// `GET /invites`: the open invites of the user, or all for an admin.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    require_inviter(&app, &user)?;
    show(&app, &context, &request, user, &NewInvite::default(), &[]).await
}

/// `POST /invites` with `uses` and `days`.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<NewInvite>,
) -> Result<HttpResponse> {
    require_inviter(&app, &user)?;
    let (user_id, client) = (user.id, client_info(&request));
    let uses = input.fields.uses.trim().parse().unwrap_or(0);
    let days = input.fields.days.trim().parse().unwrap_or(0);
    let created = app.database.write(move |conn| {
        invite::create(conn, user_id, uses, days)?;
        security_event::record(conn, SecurityEventKind::InviteCreated, user_id, &client)
    });
    match created.await {
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let mut response = show(&app, &context, &request, user, &input.fields, &fields).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        created => created.map(|()| see_other("/invites")),
    }
}

/// `DELETE /invites/{id}`: revokes the invite.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    require_inviter(&app, &user)?;
    let (id, client) = (id.into_inner(), client_info(&request));
    app.database
        .write(move |conn| {
            invite::revoke(conn, &user, id)?;
            security_event::record(conn, SecurityEventKind::InviteRevoked, user.id, &client)
        })
        .await?;
    Ok(redirect_or_no_content(&context, false, "/invites"))
}

/// `POST /invites/{id}` with `_method=delete`.
pub async fn method_override(
    app: Data<App>,
    context: RequestContext,
    request: HttpRequest,
    user: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<MethodOverride>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Delete => destroy(app, context, request, user, id).await,
        _ => Err(Error::MethodNotAllowed),
    }
}

/// Shows the user's invites and the form with field errors.
async fn show(
    app: &App,
    context: &RequestContext,
    request: &HttpRequest,
    user: User,
    typed: &NewInvite,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let me = user.clone();
    let read = app.database.read(move |conn| {
        let rooms = Room::list_for(conn, me.id)?;
        Ok((rooms, invite::list_for(conn, &me)?))
    });
    let (rooms, open) = read.await?;
    let own = own_origin(request).unwrap_or_default();
    let items = open.into_iter().map(|(invite, maker)| {
        let token = invite::token(&app.hmac_key, invite.id);
        let link = format!("{own}/register?invite={token}");
        Ok(InviteItem::new(&invite, maker, link))
    });
    let invites: Result<Vec<InviteItem>> = items.collect();
    let mut errors = field_messages(context.locale(), fields);
    for field in ["uses", "days"] {
        errors.entry(field).or_default();
    }
    page(
        app,
        &InvitesPage {
            layout: SidebarPage::new(context.display_preferences(), &user, rooms),
            invites: invites?,
            form: InviteForm {
                uses: &typed.uses,
                days: &typed.days,
            },
            errors,
        },
    )
}
