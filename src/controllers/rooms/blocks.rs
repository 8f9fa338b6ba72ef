//! Users blocked by the current user.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, UsernameField};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content};
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::installation;
use crate::models::room::direct::find_active_user;
use crate::models::room::invitation::{self, InvitationFilter};
use crate::models::user::{User, block};

/// `POST /blocks` with `username`
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    let block = |conn: &mut DbConn, user_id, other_id| {
        block::create(conn, user_id, other_id)?;
        invitation::withdraw(conn, InvitationFilter::Between(other_id, user_id))
    };
    change(&app, &user, typed, block).await?;
    Ok(redirect_or_no_content(&context, "/"))
}

/// `DELETE /blocks` with `username`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    FormOrJson(typed): FormOrJson<UsernameField>,
) -> Result<HttpResponse> {
    change(&app, &user, typed, block::delete).await?;
    Ok(redirect_or_no_content(&context, "/"))
}

/// Runs `change` with the ids of the user and of the one named.
async fn change(
    app: &App,
    user: &User,
    typed: UsernameField,
    change: impl Fn(&mut DbConn, i64, i64) -> Result<()> + Send + 'static,
) -> Result<()> {
    let user_id = user.id;
    rate_limits::acquire(&app.database, &app.rate_limits.block_change(user_id)).await?;
    let write = app.database.write(move |conn| {
        installation::lock(conn)?;
        match find_active_user(conn, typed.username.trim())?.id {
            other_id if other_id == user_id => Err(Error::Forbidden),
            other_id => change(conn, user_id, other_id),
        }
    });
    write.await?;
    app.realtime.invitations_changed(user_id);
    Ok(())
}
