//! Rooms: directory, creation, changes and deletion.

pub mod blocks;
pub mod directs;
pub mod home;
pub mod invitations;
pub mod involvements;
pub mod members;
pub mod memberships;
pub mod messages;
pub(super) mod page;
pub mod people;
pub mod read_marks;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use serde::Deserialize;

use self::page::{FormState, RoomPageQuery};
use super::concerns::rate_limits;
use super::errors::field_messages;
use super::{App, redirect_or_no_content, see_other};
use crate::controllers::extractors::current_user::{CurrentUser, LazyCurrentUser};
use crate::controllers::extractors::form::{FormOrJson, Method};
use crate::controllers::extractors::request_context::RequestContext;
use crate::error::{Error, LocalizedMessage, Result};
use crate::models::room::Room;
use crate::models::room::directory;
use crate::models::room::directory::DirectoryCursor;
use crate::models::room::management::{NewRoom, RoomChange, parse_kind};
use crate::models::user::User;
use crate::models::values::room_name::{RoomName, Topic};
use crate::views::pages::directory::{OpenRoom, Pagination, RoomForm, RoomsPage};
use crate::views::pages::rooms::SidebarPage;

/// Query of the directories of rooms and people: search text and page cursor.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct DirectoryQuery {
    search: String,
    after: String,
}

/// `GET /rooms`: the open rooms that the user can join, and the form for a new room.
pub async fn index(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    query: Query<DirectoryQuery>,
) -> Result<HttpResponse> {
    render_directory(&app, &context, user, &query, &RoomInput::default(), &[]).await
}

/// Fields of the forms that create, change and delete a room.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RoomInput {
    name: Option<String>,
    topic: Option<String>,
    kind: Option<String>,
    members: Vec<String>,
    confirm: String,
    #[serde(rename = "_method")]
    method: Method,
}

impl RoomInput {
    pub(super) fn new_room(&self) -> Result<NewRoom> {
        Ok(NewRoom {
            name: RoomName::parse(self.name.as_deref().unwrap_or_default())?,
            topic: Topic::parse(self.topic.as_deref().unwrap_or_default())?,
            kind: parse_kind(self.kind.as_deref().unwrap_or("open"))?,
            members: self.members.clone(),
        })
    }

    fn change(&self) -> Result<RoomChange> {
        Ok(RoomChange {
            name: self.name.as_deref().map(RoomName::parse).transpose()?,
            topic: self.topic.as_deref().map(Topic::parse).transpose()?,
            kind: self.kind.as_deref().map(parse_kind).transpose()?,
            confirm: self.confirm.clone(),
        })
    }
}

/// Creates a room, notifies its members and invitees, and returns its id.
pub(super) async fn create_room(app: &App, user: &User, fields: &RoomInput) -> Result<i64> {
    let (creator, new) = (user.clone(), fields.new_room()?);
    let members = new.members.iter().filter(|name| !name.trim().is_empty());
    let tries = app.rate_limits.room_creation(user.id, members.count())?;
    rate_limits::acquire_each(&app.database, tries).await?;
    let write = app
        .database
        .write(move |conn| Room::create(conn, &creator, &new));
    let created = write.await?;
    for member in created.members {
        app.realtime.join_room(member, created.id, false);
    }
    for invitee in created.invited {
        app.realtime.invitations_changed(invitee);
    }
    Ok(created.id)
}

/// `POST /rooms`
pub async fn create(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    input: FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    match create_room(&app, &user, &input.fields).await {
        Ok(id) => Ok(see_other(&format!("/rooms/{id}"))),
        Err(Error::Invalid(fields)) if !input.is_json && !context.wants_json => {
            let mut response = render_directory(
                &app,
                &context,
                user,
                &DirectoryQuery::default(),
                &input.fields,
                &fields,
            )
            .await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// `GET /rooms/{id}` and `?at={seq}`
pub async fn show(
    app: Data<App>,
    context: RequestContext,
    caller: LazyCurrentUser,
    id: Path<i64>,
    query: Query<RoomPageQuery>,
) -> Result<HttpResponse> {
    page::show(&app, &context, caller, *id, &query).await
}

/// `POST /rooms/{id}` with `_method`
pub async fn method_override(
    app: Data<App>,
    context: RequestContext,
    current: CurrentUser,
    id: Path<i64>,
    input: FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    match input.fields.method {
        Method::Put | Method::Patch => update(app, context, current, id, input).await,
        Method::Delete => destroy(app, context, current, id, input).await,
        Method::Post => Err(Error::MethodNotAllowed),
    }
}

/// `PATCH /rooms/{id}`
pub async fn update(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    input: FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    let (id, person) = (*id, user.clone());
    let updated = match input.fields.change() {
        Ok(change) => {
            let write = app
                .database
                .write(move |conn| Room::update(conn, &person, id, &change));
            write.await
        }
        Err(error) => Err(error),
    };
    if updated.is_ok() {
        app.realtime.poll_now();
    }
    let RoomInput {
        name,
        topic,
        kind,
        confirm,
        ..
    } = input.fields;
    let typed = vec![
        ("name", name.unwrap_or_default()),
        ("topic", topic.unwrap_or_default()),
        ("kind", kind.unwrap_or_default()),
        ("confirm", confirm),
    ];
    respond(&app, &context, user, id, updated, typed, input.is_json).await
}

/// `DELETE /rooms/{id}`
pub async fn destroy(
    app: Data<App>,
    context: RequestContext,
    CurrentUser(user): CurrentUser,
    id: Path<i64>,
    input: FormOrJson<RoomInput>,
) -> Result<HttpResponse> {
    let (id, person, confirm) = (*id, user.clone(), input.fields.confirm);
    let typed = vec![("confirm", confirm.clone())];
    let write = app
        .database
        .write(move |conn| Room::delete(conn, &person, id, &confirm));
    match write.await {
        Ok(()) => {
            app.realtime.room_deleted(id);
            Ok(redirect_or_no_content(&context, input.is_json, "/rooms"))
        }
        Err(error) => respond(&app, &context, user, id, Err(error), typed, input.is_json).await,
    }
}

/// Redirects to the room (204 for JSON), or renders its page with 422 when fields are invalid.
pub(super) async fn respond(
    app: &App,
    context: &RequestContext,
    user: User,
    id: i64,
    result: Result<()>,
    typed: Vec<(&'static str, String)>,
    is_json: bool,
) -> Result<HttpResponse> {
    match result {
        Ok(()) => Ok(redirect_or_no_content(
            context,
            is_json,
            &format!("/rooms/{id}"),
        )),
        Err(Error::Invalid(fields)) if !is_json && !context.wants_json => {
            let form = FormState {
                values: typed,
                errors: fields,
                ..FormState::default()
            };
            let mut response = page::show_with_errors(app, context, user, id, form).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

async fn render_directory(
    app: &App,
    context: &RequestContext,
    user: User,
    query: &DirectoryQuery,
    typed: &RoomInput,
    fields: &[(&'static str, LocalizedMessage)],
) -> Result<HttpResponse> {
    let (search, after) = (&query.search, DirectoryCursor::parse(&query.after));
    let (user_id, pattern) = (user.id, search.clone());
    let read = app.database.read(move |conn| {
        let open = directory::open_rooms(conn, user_id, &pattern, after.as_ref())?;
        Ok((Room::list_for(conn, user_id)?, open))
    });
    let (rooms, open) = read.await?;
    let mut errors = field_messages(context.locale(), fields);
    for field in ["name", "topic", "kind", "members"] {
        errors.entry(field).or_default();
    }
    super::page(
        app,
        &RoomsPage {
            layout: SidebarPage::new(context.display_preferences(), &user, rooms),
            pages: Pagination::new(&open, search),
            open_rooms: open.items.into_iter().map(OpenRoom::from).collect(),
            search,
            form: RoomForm {
                name: typed.name.as_deref().unwrap_or_default(),
                topic: typed.topic.as_deref().unwrap_or_default(),
                kind: typed.kind.as_deref().unwrap_or("open"),
                members: typed.members.iter().map(String::as_str).collect(),
            },
            errors,
        },
    )
}
