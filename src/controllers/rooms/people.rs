//! The directory of users.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::DirectoryQuery;
use crate::controllers::accounts::invites;
use crate::controllers::errors::field_sentences;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::{Result, Sentence};
use crate::models::room::Room;
use crate::models::room::directory;
use crate::models::room::directory::Place;
use crate::models::user::User;
use crate::views::layout::{DisplayUser, Page};
use crate::views::pages::directory::{Pagination, PeoplePage};
use crate::views::pages::rooms::room_links;

/// `GET /people`
pub async fn index(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    query: Query<DirectoryQuery>,
) -> Result<HttpResponse> {
    render(&app, &asked, user, &query, "", &[]).await
}

/// Renders the directory with the recipients as typed and the errors beside them.
pub(in crate::controllers) async fn show(
    app: &App,
    asked: &Asked,
    user: User,
    to: &str,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    render(app, asked, user, &DirectoryQuery::default(), to, fields).await
}

async fn render(
    app: &App,
    asked: &Asked,
    user: User,
    query: &DirectoryQuery,
    to: &str,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    let (pattern, after) = (query.search.clone(), Place::parse(&query.after));
    let (search, user_id) = (&query.search, user.id);
    let (rooms, found) = app
        .database
        .run(move |conn| {
            let rooms = Room::list_of(conn, user_id)?;
            Ok((
                rooms,
                directory::people_page(conn, user_id, &pattern, after.as_ref())?,
            ))
        })
        .await?;
    let mut errors = field_sentences(asked.locale(), fields);
    errors.entry("to").or_default();
    page(
        app,
        &PeoplePage {
            page: Page::signed_in(asked.look(), &user.public(), user.is_admin()),
            rooms: room_links(asked.locale(), rooms, None),
            pages: Pagination::new(&found, search),
            people: found
                .items
                .iter()
                .map(|person| DisplayUser::from(&person.public()))
                .collect(),
            may_invite: invites::require_maker(app, &user).is_ok(),
            search,
            to,
            errors,
        },
    )
}
