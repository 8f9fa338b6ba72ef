//! Users blocked by the current user.

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
use crate::models::room::direct::find_person;
use crate::models::room::invitation;
use crate::models::room::invitation::Void;
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
    asked: Asked,
    current: CurrentUser,
    input: FormOrJson<BlockInput>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, asked, current, input).await;
    }
    set_blocked(&app, &asked, current, input, true).await
}

/// `DELETE /blocks` with `username`
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    current: CurrentUser,
    input: FormOrJson<BlockInput>,
) -> Result<HttpResponse> {
    set_blocked(&app, &asked, current, input, false).await
}

async fn set_blocked(
    app: &App,
    asked: &Asked,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<BlockInput>,
    blocked: bool,
) -> Result<HttpResponse> {
    throttle::take(app, &app.throttles.block(user.id)?).await?;
    let (name, user_id) = (input.fields.username, user.id);
    app.database
        .write(move |conn| {
            installation::take_turn(conn)?;
            let person = find_person(conn, name.trim())?;
            match (person.id == user.id, blocked) {
                (true, _) => Err(Error::Forbidden),
                (false, true) => {
                    block::create(conn, user.id, person.id)?;
                    invitation::withdraw(conn, Void::Between(person.id, user.id))
                }
                (false, false) => block::delete(conn, user.id, person.id),
            }
        })
        .await?;
    app.live.invitations_changed(user_id);
    Ok(done(asked, input.is_json, "/"))
}
