//! What happened to accounts.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::concerns::asked::Asked;
use super::concerns::current_user::{Admin, CurrentUser};
use super::{App, page};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::security_event;
use crate::models::user::User;
use crate::views::page::Page;
use crate::views::rooms::links;
use crate::views::security_events::{EventsPage, Item};

/// So many events a page shows.
const PAGE: i64 = 50;

/// Where the page begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Cursor {
    before: Option<i64>,
}

/// `GET /settings/security`: what happened to me.
pub async fn mine(
    app: Data<App>,
    asked: Asked,
    CurrentUser(user): CurrentUser,
    query: Query<Cursor>,
) -> Result<HttpResponse> {
    show(&app, &asked, user, query.before, false).await
}

/// `GET /security_events`: what happened to everybody; for admins.
pub async fn index(
    app: Data<App>,
    asked: Asked,
    Admin(user): Admin,
    query: Query<Cursor>,
) -> Result<HttpResponse> {
    show(&app, &asked, user, query.before, true).await
}

async fn show(
    app: &App,
    asked: &Asked,
    user: User,
    before: Option<i64>,
    everybody: bool,
) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app.database.run(move |conn| {
        let whose = (!everybody).then_some(user_id);
        let rooms = Room::all_of(conn, user_id)?;
        Ok((rooms, security_event::list(conn, whose, before, PAGE + 1)?))
    });
    let (rooms, mut events) = read.await?;
    let has_more = events.len() as i64 > PAGE;
    events.truncate(PAGE as usize);
    page(
        app,
        &EventsPage {
            page: Page::signed_in(asked.look(), &user.public(), user.is_admin()),
            rooms: links(asked.locale(), rooms, None),
            everybody,
            address: match everybody {
                true => "/security_events",
                false => "/settings/security",
            },
            next: events.last().filter(|_| has_more).map(|event| event.id),
            events: events
                .into_iter()
                .map(|event| Item::new(event, asked.locale()))
                .collect(),
        },
    )
}
