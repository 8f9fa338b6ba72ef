//! Whose direct messages I do not want.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::concerns::current_user::CurrentUser;
use super::concerns::input::{FormOrJson, Method};
use super::concerns::throttle;
use super::{App, done};
use crate::error::{Error, Result};
use crate::models::direct::find_person;
use crate::models::invitation::{self, Void};
use crate::models::{blocks, installation};

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
            installation::take_turn(conn)?;
            let person = find_person(conn, name.trim())?;
            match (person.id == user.id, blocked) {
                (true, _) => Err(Error::Forbidden),
                (false, true) => {
                    blocks::create(conn, user.id, person.id)?;
                    invitation::withdraw(conn, Void::Between(person.id, user.id))
                }
                (false, false) => blocks::delete(conn, user.id, person.id),
            }
        })
        .await?;
    app.live.invitations_changed(user_id);
    Ok(done(asked, input.is_json, "/"))
}
