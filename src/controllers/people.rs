//! The directory of people.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::concerns::current_user::CurrentUser;
use super::errors::field_sentences;
use super::{App, invites, page};
use crate::error::{Result, Sentence};
use crate::models::directory;
use crate::models::room::Room;
use crate::models::user::User;
use crate::views::directory::PeoplePage;
use crate::views::page::{Page, Person};
use crate::views::rooms::links;

/// So many people a page shows.
const PAGE: i64 = 100;

/// Whom to look for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Search {
    search: String,
}

/// `GET /people`
pub async fn index(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    query: Query<Search>,
) -> Result<HttpResponse> {
    show(&app, &asked, user, &query.search, "", &[]).await
}

/// The directory, also with somebody in it who could not be found.
pub(super) async fn show(
    app: &App,
    asked: &Asked,
    user: User,
    search: &str,
    to: &str,
    fields: &[(&'static str, Sentence)],
) -> Result<HttpResponse> {
    let (wanted, user_id) = (search.to_owned(), user.id);
    let (rooms, found) = app
        .database
        .run(move |conn| {
            let rooms = Room::all_of(conn, user_id)?;
            Ok((rooms, directory::people(conn, user_id, &wanted, PAGE)?))
        })
        .await?;
    let mut errors = field_sentences(asked.locale(), fields);
    errors.entry("to").or_default();
    page(
        app,
        &PeoplePage {
            page: Page::signed_in(asked.look(), &user.public(), user.is_admin()),
            rooms: links(asked.locale(), rooms, None),
            people: found
                .iter()
                .map(|person| Person::from(&person.public()))
                .collect(),
            may_invite: invites::require_maker(app, &user).is_ok(),
            search,
            to,
            errors,
        },
    )
}
