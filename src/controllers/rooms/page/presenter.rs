//! Builds the views of a room's page from the loaded data.

use std::collections::BTreeMap;

use super::{FormState, RoomPageData};
use crate::controllers::App;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::request_context::RequestContext;
use crate::models::rfc3339;
use crate::models::room::{LOBBY, Room};
use crate::models::user::User;
use crate::models::user::account_deletion;
use crate::protocol::{Id, RoomKind};
use crate::views::layout::{Page, display_name};
use crate::views::locale::Locale;
use crate::views::pages::rooms::{
    LoadedRange, Member, MemberList, Panel, RoomDetails, RoomLinks, RoomPage, Sidebar, room_links,
};

/// Fields of the forms on the page.
const FORM_FIELDS: [&str; 7] = [
    "content",
    "name",
    "topic",
    "kind",
    "username",
    "confirm",
    "involvement",
];

/// Data shared by the views of the page.
pub(super) struct RoomPagePresenter {
    page: Page,
    room: RoomDetails,
    seq: i64,
    ver: i64,
    read_seq: i64,
    rooms: RoomLinks,
    members: Vec<Member>,
    is_member: bool,
    can_manage: bool,
    is_pair: bool,
    other_username: Option<String>,
    other_deleted: bool,
    blocks: bool,
    recently_opened: bool,
    member_notice: Option<&'static str>,
    last_seen: Option<String>,
    form: BTreeMap<&'static str, String>,
    errors: BTreeMap<&'static str, Option<String>>,
}

impl RoomPagePresenter {
    pub(super) fn new(
        context: &RequestContext,
        user: &User,
        data: RoomPageData,
        state: FormState,
    ) -> Self {
        let locale = context.locale();
        let (room, members) = (data.room, data.members);
        let is_deleted =
            |(member, _): &(User, i64)| member.username == account_deletion::DELETED_USERNAME;
        let is_other = |(member, _): &&(User, i64)| room.is_one_to_one() && member.id != user.id;
        let other = members.iter().find(is_other);
        let mut form = BTreeMap::from(FORM_FIELDS.map(|field| (field, String::new())));
        form.extend(state.values);
        Self {
            page: Page::signed_in(context.display_preferences(), user),
            rooms: room_links(locale, data.rooms, Some(Id(room.id))),
            is_member: data.membership.is_some(),
            can_manage: room.can_be_managed_by(user),
            is_pair: room.is_one_to_one(),
            other_username: other.map(|(other, _)| other.username.clone()),
            other_deleted: room.is_one_to_one() && members.iter().any(is_deleted),
            blocks: data.blocks,
            recently_opened: data.recently_opened,
            member_notice: state.member_notice,
            last_seen: data.seen_at.map(rfc3339),
            members: members
                .iter()
                .map(|(member, seq)| Member::new(locale, &member.to_public(), *seq))
                .collect(),
            seq: room.last_seq,
            ver: room.last_ver,
            read_seq: (data.membership.as_ref()).map_or(room.last_seq, |member| member.read_seq),
            room: RoomDetails {
                id: Id(room.id),
                name: room_title(&room, &members, user, locale),
                kind: room.kind,
                topic: room.topic,
                involvement: data.membership.map(|member| member.involvement),
            },
            form,
            errors: field_messages(context, &FORM_FIELDS, &state.errors),
        }
    }

    pub(super) fn page<'a>(&'a self, app: &'a App) -> RoomPage<'a> {
        RoomPage {
            page: &self.page,
            panel: self.panel(),
            empty: self.seq == 0,
            limits: app.realtime.limits,
            epoch: &app.realtime.epoch,
            version: app.realtime.version,
        }
    }

    pub(super) fn loaded_range(
        &self,
        at: Option<i64>,
        (first_seq, last_seq): (i64, i64),
    ) -> LoadedRange<'_> {
        LoadedRange {
            variables: self.page.fragment_variables(),
            room_id: self.room.id,
            seq: self.seq,
            ver: self.ver,
            read_seq: self.read_seq,
            first_seq,
            last_seq,
            older: first_seq > 1,
            newer: last_seq < self.seq,
            at,
            last_seen: self.last_seen.as_deref(),
        }
    }

    pub(super) fn sidebar(&self) -> Sidebar<'_> {
        Sidebar {
            variables: self.page.fragment_variables(),
            rooms: &self.rooms,
        }
    }

    pub(super) fn member_list(&self) -> MemberList<'_> {
        MemberList {
            variables: self.page.fragment_variables(),
            room: &self.room,
            can_manage: self.can_manage,
            lobby: self.room.id.0 == LOBBY,
            one_to_one: self.is_pair,
            members: &self.members,
        }
    }

    fn panel(&self) -> Panel<'_> {
        Panel {
            room: &self.room,
            member: self.is_member,
            can_manage: self.can_manage,
            lobby: self.room.id.0 == LOBBY,
            other_username: self.other_username.as_deref(),
            other_deleted: self.other_deleted,
            blocked: self.blocks,
            recently_opened: self.recently_opened,
            member_notice: self.member_notice,
            form: &self.form,
            errors: &self.errors,
        }
    }
}

/// Returns the name shown for a room: for a direct room, the names of the other members.
fn room_title(room: &Room, members: &[(User, i64)], user: &User, locale: Locale) -> String {
    if room.kind != RoomKind::Direct {
        return room.name.clone();
    }
    let others = members.iter().filter(|(member, _)| member.id != user.id);
    let names: Vec<&str> = others.map(|(member, _)| member.username.as_str()).collect();
    display_name(locale, &names.join(", "))
}
