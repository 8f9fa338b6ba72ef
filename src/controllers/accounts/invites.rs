//! Invites: links for registration.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use crate::controllers::concerns::form_action::{self, InvalidFields};
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::FormOrJson;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page, redirect_or_no_content, see_other};
use crate::error::{Error, Result};
use crate::models::auth::invite;
use crate::models::auth::security_event::{self, SecurityEventKind};
use crate::models::room::Room;
use crate::models::user::User;
use crate::models::user::registration::RegistrationPolicy;
use crate::views::pages::invites::{InviteForm, InviteItem, InvitesPage};
use crate::views::pages::rooms::SidebarPage;

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
    CurrentUser(user): CurrentUser,
) -> Result<HttpResponse> {
    require_inviter(&app, &user)?;
    show(&app, &context, user, InviteForm::default(), Vec::new()).await
}

/// `POST /invites` with `uses` and `days`.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<InviteForm>,
) -> Result<HttpResponse> {
    require_inviter(&app, &user)?;
    let (user_id, client) = (user.id, context.client.clone());
    let uses = typed.uses.trim().parse().unwrap_or(0);
    let days = typed.days.trim().parse().unwrap_or(0);
    let created = app.database.write(move |conn| {
        invite::create(conn, user_id, uses, days)?;
        security_event::record(conn, SecurityEventKind::InviteCreated, user_id, &client)
    });
    let created = created.await.map(|()| see_other("/invites"));
    form_action::respond(&context, created, async |errors| {
        show(&app, &context, user, typed, errors).await
    })
    .await
}

/// `DELETE /invites/{id}`: revokes the invite.
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
) -> Result<HttpResponse> {
    require_inviter(&app, &user)?;
    let (id, client) = (id.into_inner(), context.client.clone());
    let revoked = app.database.write(move |conn| {
        invite::revoke(conn, &user, id)?;
        security_event::record(conn, SecurityEventKind::InviteRevoked, user.id, &client)
    });
    revoked.await?;
    Ok(redirect_or_no_content(&context, "/invites"))
}

/// Shows the user's invites and the form with field errors.
async fn show(
    app: &App,
    context: &RequestContext,
    user: User,
    form: InviteForm,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    let viewer = user.clone();
    let read = app.database.read(move |conn| {
        let rooms = Room::list_for(conn, viewer.id)?;
        Ok((rooms, invite::list_for(conn, &viewer)?))
    });
    let (rooms, open) = read.await?;
    let own = context.origin.as_deref().unwrap_or_default();
    let items = open.into_iter().map(|(invite, maker)| {
        let token = invite::token(&app.hmac_key, invite.id);
        let link = format!("{own}/register?invite={token}");
        InviteItem::new(&invite, maker, link)
    });
    let view = InvitesPage {
        layout: SidebarPage::new(context.display_preferences(), &user, rooms),
        invites: items.collect(),
        form,
        errors: field_messages(context, &["uses", "days"], &errors),
    };
    page(app, &view)
}
