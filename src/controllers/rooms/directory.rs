//! The directory of open rooms, with the form for a new room.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;

use super::room_form::RoomInput;
use crate::controllers::concerns::form_action::InvalidFields;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::directory::{self, DirectoryCursor};
use crate::models::user::User;
use crate::views::pages::directory::{OpenRoom, Pagination, RoomForm, RoomsPage};
use crate::views::pages::rooms::SidebarPage;

/// Query of the directories of rooms and people: search text and page cursor.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DirectoryQuery {
    pub(super) search: String,
    pub(super) after: String,
}

/// `GET /rooms`: the open rooms that the user can join, and the form for a new room.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<DirectoryQuery>,
) -> Result<HttpResponse> {
    let form = RoomInput::default();
    render(&app, &context, user, &query, &form, Vec::new()).await
}

/// Renders the directory with the new room as typed and the errors beside it.
pub(super) async fn show_form(
    app: &App,
    context: &RequestContext,
    user: User,
    typed: &RoomInput,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    let query = DirectoryQuery::default();
    render(app, context, user, &query, typed, errors).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    user: User,
    query: &DirectoryQuery,
    typed: &RoomInput,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    let (pattern, after) = (query.search.clone(), DirectoryCursor::parse(&query.after));
    let user_id = user.id;
    let read = app.database.read(move |conn| {
        let rooms = Room::list_for(conn, user_id)?;
        let open = directory::open_rooms(conn, user_id, &pattern, after.as_ref())?;
        Ok((rooms, open))
    });
    let (rooms, open) = read.await?;
    let view = RoomsPage {
        layout: SidebarPage::new(context.display_preferences(), &user, rooms),
        pages: Pagination::new(&open, &query.search),
        open_rooms: open.items.into_iter().map(OpenRoom::from).collect(),
        search: &query.search,
        form: RoomForm {
            name: typed.name.as_deref().unwrap_or_default(),
            topic: typed.topic.as_deref().unwrap_or_default(),
            kind: typed.kind.as_deref().unwrap_or("open"),
            members: typed.members.iter().map(String::as_str).collect(),
        },
        errors: field_messages(context, &["name", "topic", "kind", "members"], &errors),
    };
    page(app, &view)
}
