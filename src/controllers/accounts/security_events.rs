//! What happened to everybody's accounts.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::controllers::extractors::current_user::Admin;
use crate::controllers::extractors::request_context::Asked;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::auth::security_event;
use crate::models::room::Room;
use crate::views::layout::Page;
use crate::views::pages::rooms::room_links;
use crate::views::pages::security_events::{EventList, EventsPage};

/// So many events a page shows.
const PAGE: i64 = 50;

/// Where the page begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Cursor {
    before: Option<i64>,
}

/// `GET /security_events`: for admins.
pub async fn index(
    app: Data<App>,
    asked: Asked,
    Admin(user): Admin,
    query: Query<Cursor>,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app.database.run(move |conn| Room::list_of(conn, user_id));
    let view = EventsPage {
        page: Page::signed_in(asked.look(), &user.public(), user.is_admin()),
        rooms: room_links(asked.locale(), read.await?, None),
        list: find(&app, &asked, None, &query).await?,
    };
    page(&app, &view)
}

/// A page of what happened to somebody, or to everybody.
pub(in crate::controllers) async fn find(
    app: &App,
    asked: &Asked,
    user_id: Option<i64>,
    cursor: &Cursor,
) -> Result<EventList> {
    let before = cursor.before;
    let read = app
        .database
        .run(move |conn| security_event::list(conn, user_id, before, PAGE + 1));
    let mut entries = read.await?;
    let has_more = entries.len() as i64 > PAGE;
    entries.truncate(PAGE as usize);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.id);
    Ok(EventList::new(
        asked.look(),
        user_id.is_none(),
        entries,
        next,
    ))
}
