//! Whose direct messages I do not want.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use crate::controllers::concerns::throttle;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, done};
use crate::error::{Error, Result};
use crate::models::installation;
use crate::models::room::direct::find_active_user;
use crate::models::room::invitation;
use crate::models::room::invitation::InvitationFilter;
use crate::models::user::block;

/// Whom; and where to go on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    username: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /blocks` with `username`; with `_method=delete` the block ends.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    current: CurrentUser,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, asked, current, input).await;
    }
    set(&app, &asked, current, input, true).await
}

/// `DELETE /blocks` with `username`
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    current: CurrentUser,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    set(&app, &asked, current, input, false).await
}

async fn set(
    app: &App,
    asked: &Asked,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<Fields>,
    blocked: bool,
) -> Result<HttpResponse> {
    throttle::take(app, &app.throttles.block(user.id)?).await?;
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
    Ok(done(asked, input.is_json, "/"))
}
