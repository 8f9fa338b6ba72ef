//! Search of usernames by prefix.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::controllers::App;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::error::{Error, Result};
use crate::models::database::connection::DbConn;
use crate::models::room::directory;

/// Maximum number of results.
const MAX_RESULTS: i64 = 5;

/// Query of the search: a prefix.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct UsernameQuery {
    search: String,
}

/// `GET /api/usernames?search=`: up to 5 usernames with this prefix, without the own one.
pub async fn index(
    app: Data<App>,
    CurrentUser(user): CurrentUser,
    query: Query<UsernameQuery>,
) -> Result<HttpResponse> {
    let search = query.into_inner().search;
    if search.trim().is_empty() {
        return Err(Error::field("search", "error-search-missing"));
    }
    let find = move |conn: &mut DbConn| directory::find_users(conn, user.id, &search, MAX_RESULTS);
    let names = app
        .database
        .read(find)
        .await?
        .into_iter()
        .map(|user| user.username);
    Ok(HttpResponse::Ok().json(names.collect::<Vec<_>>()))
}
