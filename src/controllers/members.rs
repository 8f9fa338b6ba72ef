//! Others' membership: inviting and removing.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::concerns::current_user::CurrentUser;
use super::concerns::input::{FormOrJson, Method};
use super::{App, rooms};
use crate::error::Result;
use crate::models::room::Room;

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    username: String,
    #[serde(rename = "_method")]
    method: Method,
}

/// `POST /rooms/{id}/members`: invites; with `_method=delete` removes.
pub async fn create(
    app: Data<App>,
    asked: Asked,
    current: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    if input.fields.method == Method::Delete {
        return destroy(app, asked, current, id, input).await;
    }
    let CurrentUser(user) = current;
    let (id, person, name) = (*id, user.clone(), input.fields.username);
    let typed = vec![("username", name.clone())];
    let write = app
        .database
        .write(move |conn| Room::invite(conn, &person, id, &name));
    let invited = write.await.map(|newcomer| {
        if let Some(newcomer) = newcomer {
            app.live.enter(newcomer, id, false);
        }
    });
    rooms::answer(&app, &asked, user, id, invited, typed, input.is_json).await
}

/// `DELETE /rooms/{id}/members`
pub async fn destroy(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    input: FormOrJson<Fields>,
) -> Result<HttpResponse> {
    let (id, person, name) = (*id, user.clone(), input.fields.username);
    let typed = vec![("username", name.clone())];
    let write = app
        .database
        .write(move |conn| Room::dismiss(conn, &person, id, &name));
    let removed = write.await.map(|gone| app.live.leave(gone, id));
    rooms::answer(&app, &asked, user, id, removed, typed, input.is_json).await
}
