//! Users blocked by the current user.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use crate::controllers::concerns::rate_limits;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, redirect_or_no_content};
use crate::error::{Error, Result};
use crate::models::installation;
use crate::models::room::direct::find_active_user;
use crate::models::room::invitation;
use crate::models::room::invitation::InvitationFilter;
use crate::models::user::block;

/// Fields of `/blocks`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct BlockInput {
    username: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /blocks` with `username`; with `_method=delete` unblocks.
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    input: FormOrJson<BlockInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, context, current, input).await;
    }
    set_blocked(&app, &context, current, input, true).await
}

/// `DELETE /blocks` with `username`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    input: FormOrJson<BlockInput>,
) -> Result<HttpResponse> {
    set_blocked(&app, &context, current, input, false).await
}

async fn set_blocked(
    app: &App,
    context: &RequestContext,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<BlockInput>,
    blocked: bool,
) -> Result<HttpResponse> {
    rate_limits::acquire(&app.database, &app.rate_limits.block_change(user.id)?).await?;
    let (name, user_id) = (input.fields.username, user.id);
    app.database
        .write(move |conn| {
            installation::lock(conn)?;
            let person = find_active_user(conn, name.trim())?;
            match (person.id == user.id, blocked) {
                (true, _) => Err(Error::Forbidden),
                (false, true) => {
                    block::create(conn, user.id, person.id)?;
                    invitation::withdraw(conn, InvitationFilter::Between(person.id, user.id))
                }
                (false, false) => block::delete(conn, user.id, person.id),
            }
        })
        .await?;
    app.realtime.invitations_changed(user_id);
    Ok(redirect_or_no_content(context, input.is_json, "/"))
}
