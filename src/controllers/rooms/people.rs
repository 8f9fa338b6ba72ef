//! The directory of people.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::controllers::accounts::invites;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::{Result, LocalizedMessage};
use crate::models::room::Room;
use crate::models::room::directory;
use crate::models::room::directory::DirectoryCursor;
use crate::models::user::User;
use crate::views::layout::{Page, Person};
use crate::views::pages::directory::{Pages, PeoplePage};
use crate::views::pages::rooms::links;

/// Whom to look for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Search {
    search: String,
    after: String,
}

/// `GET /people`
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<Search>,
) -> Result<HttpResponse> {
    listed(&app, &context, user, &query, "", &[]).await
}

/// The directory, also with somebody in it who could not be found.
pub(in crate::controllers) async fn show(
    app: &App,
    context: &RequestContext,
    user: User,
    to: &str,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    listed(app, context, user, &Search::default(), to, fields).await
}

async fn listed(
    app: &App,
    context: &RequestContext,
    user: User,
    query: &Search,
    to: &str,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let (wanted, after) = (query.search.clone(), DirectoryCursor::parse(&query.after));
    let (search, user_id) = (&query.search, user.id);
    let (rooms, found) = app
        .database
        .read(move |conn| {
            let rooms = Room::list_for(conn, user_id)?;
            Ok((
                rooms,
                directory::users_page(conn, user_id, &wanted, after.as_ref())?,
            ))
        })
        .await?;
    let mut errors = field_messages(context.locale(), fields);
    errors.entry("to").or_default();
    page(
        app,
        &PeoplePage {
            page: Page::signed_in(context.display_preferences(), &user.to_public(), user.is_admin()),
            rooms: links(context.locale(), rooms, None),
            pages: Pages::new(&found, search),
            people: found
                .items
                .iter()
                .map(|person| Person::from(&person.to_public()))
                .collect(),
            may_invite: invites::require_inviter(app, &user).is_ok(),
            search,
            to,
            errors,
        },
    )
}
