//! The page of a room.

pub(super) mod message_list;
pub(super) mod presenter;

use actix_web::HttpResponse;
use actix_web::cookie::time::Duration;
use chrono::NaiveDateTime;
use serde::Deserialize;

use self::message_list::PAGE;
use self::message_list::{LoadedMessages, MessageListQuery};
use self::presenter::RoomPagePresenter;
use crate::controllers::concerns::form_action::InvalidFields;
use crate::controllers::extractors::browser_id::build_cookie;
use crate::controllers::extractors::cookies::LAST_ROOM_COOKIE;
use crate::controllers::extractors::current_user::LazyCurrentUser;
use crate::controllers::extractors::request_context::RequestContext;
use crate::controllers::{App, gzip_html, with_cookie};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::message::Cursor;
use crate::models::room::membership::Membership;
use crate::models::room::summary::RoomList;
use crate::models::room::{LOBBY, Room};
use crate::models::user::User;
use crate::models::user::block;
use crate::models::values::client_id::ClientId;
use crate::protocol::RoomKind;
use crate::views::cache::fragments::Slot;
use crate::views::gzip::DeflateBlock;

/// Query of a room's page: the permalinked message (`at`) and the result of inviting a member.
#[derive(Default, Deserialize)]
pub struct RoomPageQuery {
    at: Option<i64>,
    member: Option<String>,
}

impl RoomPageQuery {
    /// Returns the range of the history to show.
    pub fn cursor(&self) -> Cursor {
        self.at.map_or(Cursor::Newest, Cursor::Around)
    }

    fn member_notice(&self) -> Option<&'static str> {
        let mut notices = ["added", "invited"].into_iter();
        notices.find(|notice| self.member.as_deref() == Some(*notice))
    }
}

struct RoomPageData {
    room: Room,
    membership: Option<Membership>,
    members: Vec<(User, i64)>,
    blocks: bool,
    recently_opened: bool,
    seen_at: Option<NaiveDateTime>,
    rooms: RoomList,
}

impl RoomPageData {
    fn load(conn: &mut DbConn, user: &User, list_query: MessageListQuery) -> Result<PageParts> {
        let id = list_query.room_id;
        let (room, membership) = Room::find_for(conn, user, id)?;
        let version = message_list::version(conn, &room)?;
        // Every user is a member of the Lobby, so its members are not listed.
        let members = match id {
            LOBBY => Vec::new(),
            _ => Membership::members(conn, id)?,
        };
        let other = members
            .iter()
            .map(|(member, _)| member.id)
            .find(|id| *id != user.id);
        let (blocks, seen_at) = match other {
            Some(other) if room.is_one_to_one() => (
                block::exists(conn, user.id, other)?,
                User::seen_at(conn, other)?,
            ),
            _ => (false, None),
        };
        let recently_opened = room.kind == RoomKind::Open
            && id != LOBBY
            && membership.is_some()
            && Room::opened_since_joining(conn, user.id, id)?;
        let loaded = list_query.read(conn, &room, version)?;
        let data = Self {
            rooms: Room::list_for(conn, user.id)?,
            recently_opened,
            room,
            membership,
            members,
            blocks,
            seen_at,
        };
        Ok((data, loaded, list_query))
    }
}

/// Submitted values by field.
pub(super) type FormValues = Vec<(&'static str, String)>;

/// Submitted values and errors of the forms on the page.
#[derive(Default)]
pub(in crate::controllers) struct FormState {
    /// `added` or `invited` after a member was invited.
    pub member_notice: Option<&'static str>,
    /// Submitted values by field.
    pub values: FormValues,
    /// Errors by field.
    pub errors: InvalidFields,
}

/// Page data, message list and the query of the list.
type PageParts = (RoomPageData, LoadedMessages, MessageListQuery);

/// Renders the room's page.
pub(in crate::controllers) async fn show(
    app: &App,
    context: &RequestContext,
    caller: LazyCurrentUser,
    id: i64,
    query: &RoomPageQuery,
) -> Result<HttpResponse> {
    let list_query = MessageListQuery::new(app, context, id, query.cursor(), PAGE);
    let read = caller.authenticate_and_read(move |conn, live| {
        let list_query = list_query.with_preferences(&live.preferences);
        RoomPageData::load(conn, &live.user, list_query)
    });
    let (session, parts) = read.await?;
    let form = FormState {
        member_notice: query.member_notice(),
        ..FormState::default()
    };
    render(app, context, &session.user, parts, form)
}

/// Renders the room's page with submitted values and their errors.
pub(in crate::controllers) async fn show_with_errors(
    app: &App,
    context: &RequestContext,
    user: User,
    id: i64,
    form: FormState,
) -> Result<HttpResponse> {
    let list_query = MessageListQuery::new(app, context, id, Cursor::Newest, PAGE);
    let viewer = user.clone();
    let read = app
        .database
        .read(move |conn| RoomPageData::load(conn, &viewer, list_query));
    render(app, context, &user, read.await?, form)
}

fn render(
    app: &App,
    context: &RequestContext,
    user: &User,
    (data, loaded, list_query): PageParts,
    form: FormState,
) -> Result<HttpResponse> {
    let id = data.room.id;
    let list = list_query.render(app, loaded)?;
    let at = match list_query.cursor {
        Cursor::Around(seq) => Some(seq),
        _ => None,
    };
    let presenter = RoomPagePresenter::new(context, user, data, form);
    let (fragments, templates, key) = (&app.fragments, &app.templates, (user.id, id));
    let page = fragments.render(templates, key, &presenter.page(app))?;
    let sidebar = fragments.render(templates, key, &presenter.sidebar())?;
    let members = fragments.render(templates, key, &presenter.member_list())?;
    let range = fragments.render(templates, key, &presenter.loaded_range(at, list.ends))?;
    let range_block = |n: usize| range.blocks().get(n..=n).unwrap_or_default();
    let client_id = [DeflateBlock::stored(
        ClientId::random().to_string().as_bytes(),
    )];
    let file = page.assemble(|slot| match slot {
        Slot::Sidebar => sidebar.blocks(),
        Slot::Members => members.blocks(),
        Slot::Messages => &list.blocks,
        Slot::LoadedRange => range_block(0),
        Slot::Older => range_block(1),
        Slot::Newer => range_block(2),
        Slot::Cut => &[],
        Slot::ClientId => &client_id,
    });
    let last_room = build_cookie(app, LAST_ROOM_COOKIE, id.to_string(), Duration::days(365));
    with_cookie(gzip_html(context, file, "no-store")?, &last_room)
}
