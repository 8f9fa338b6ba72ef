//! The directory of users.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};

use super::directory::DirectoryQuery;
use crate::controllers::accounts::invites;
use crate::controllers::concerns::form_action::InvalidFields;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, page};
use crate::error::Result;
use crate::models::room::Room;
use crate::models::room::directory::{self, DirectoryCursor};
use crate::models::user::User;
use crate::views::layout::DisplayUser;
use crate::views::pages::directory::{Pagination, PeoplePage};
use crate::views::pages::rooms::SidebarPage;

/// `GET /people`
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<DirectoryQuery>,
) -> Result<HttpResponse> {
    render(&app, &context, user, &query, "", Vec::new()).await
}

/// Renders the directory with the recipients as typed and the errors beside them.
pub(in crate::controllers) async fn show(
    app: &App,
    context: &RequestContext,
    user: User,
    to: &str,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    render(app, context, user, &DirectoryQuery::default(), to, errors).await
}

async fn render(
    app: &App,
    context: &RequestContext,
    user: User,
    query: &DirectoryQuery,
    to: &str,
    errors: InvalidFields,
) -> Result<HttpResponse> {
    let (pattern, after) = (query.search.clone(), DirectoryCursor::parse(&query.after));
    let user_id = user.id;
    let read = app.database.read(move |conn| {
        let rooms = Room::list_for(conn, user_id)?;
        let found = directory::users_page(conn, user_id, &pattern, after.as_ref())?;
        Ok((rooms, found))
    });
    let (rooms, found) = read.await?;
    let people = found.items.iter();
    let view = PeoplePage {
        layout: SidebarPage::new(context.display_preferences(), &user, rooms),
        pages: Pagination::new(&found, &query.search),
        people: people
            .map(|user| DisplayUser::from(&user.to_public()))
            .collect(),
        may_invite: invites::require_inviter(app, &user).is_ok(),
        search: &query.search,
        to,
        errors: field_messages(context, &["to"], &errors),
    };
    page(app, &view)
}
