//! The security log of all accounts.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use crate::controllers::extractors::current_user::Admin;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::auth::security_event;
use crate::models::room::Room;
use crate::views::pages::rooms::SidebarPage;
use crate::views::pages::security_events::{EventList, EventsPage};

/// Events per page.
const PAGE_SIZE: i64 = 50;

/// The query of a page: only events with a smaller id.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct EventsQuery {
    before: Option<i64>,
}

/// `GET /security_events`: for admins only.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    Admin(user): Admin,
    query: Query<EventsQuery>,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app.database.read(move |conn| Room::list_for(conn, user_id));
    let view = EventsPage {
        layout: SidebarPage::new(context.display_preferences(), &user, read.await?),
        list: find(&app, &context, None, &query).await?,
    };
    page(&app, &view)
}

/// Returns a page of the security log of one user, or of all.
pub(in crate::controllers) async fn find(
    app: &App,
    context: &RequestContext,
    user_id: Option<i64>,
    query: &EventsQuery,
) -> Result<EventList> {
    let before = query.before;
    let read = app
        .database
        .read(move |conn| security_event::list(conn, user_id, before, PAGE_SIZE + 1));
    let mut entries = read.await?;
    let has_more = entries.len() as i64 > PAGE_SIZE;
    entries.truncate(PAGE_SIZE as usize);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.id);
    Ok(EventList::new(
        context.display_preferences(),
        user_id.is_none(),
        entries,
        next,
    ))
}
