//! What a room's page says, from what was found for it.

use std::collections::BTreeMap;

use super::{Found, Mistakes};
use crate::controllers::App;
use crate::controllers::errors::field_messages;
use crate::controllers::extractors::request_context::RequestContext;
use crate::models::rfc3339;
use crate::models::room::{LOBBY, Room};
use crate::models::user::User;
use crate::models::user::account_deletion;
use crate::realtime::frames::Id;
use crate::views::layout::{Page, shown_name};
use crate::views::locale::Locale;
use crate::views::pages::rooms::{
    Extent, Member, Panel, People, RoomLinks, RoomPage, ShownRoom, Sidebar, links,
};
use crate::models::values::room_kind::RoomKind;

/// The fields of the forms on the page.
const FIELDS: [&str; 7] = [
    "content",
    "name",
    "topic",
    "kind",
    "username",
    "confirm",
    "involvement",
];

/// What the page's parts show.
pub(super) struct Sheet {
    page: Page,
    room: ShownRoom,
    seq: i64,
    ver: i64,
    read_seq: i64,
    rooms: RoomLinks,
    members: Vec<Member>,
    is_member: bool,
    is_keeper: bool,
    is_pair: bool,
    other: Option<String>,
    is_gone: bool,
    blocks: bool,
    opened: bool,
    told: Option<&'static str>,
    last_seen: Option<String>,
    form: BTreeMap<&'static str, String>,
    errors: BTreeMap<&'static str, Option<String>>,
}

impl Sheet {
    pub(super) fn new(context: &RequestContext, user: &User, found: Found, mistakes: Mistakes) -> Self {
        let locale = context.locale();
        let (room, members) = (found.room, found.members);
        let is_gone = |(member, _): &(User, i64)| member.username == account_deletion::DELETED_USERNAME;
        let is_other = |(member, _): &&(User, i64)| room.is_one_to_one() && member.id != user.id;
        let other = members.iter().find(is_other);
        let mut form = BTreeMap::from(FIELDS.map(|field| (field, String::new())));
        form.extend(mistakes.typed);
        let mut errors = BTreeMap::from(FIELDS.map(|field| (field, None)));
        errors.extend(field_messages(locale, &mistakes.fields));
        Self {
            page: Page::signed_in(context.display_preferences(), &user.to_public(), user.is_admin()),
            rooms: links(locale, found.rooms, Some(Id(room.id))),
            is_member: found.membership.is_some(),
            is_keeper: room.can_be_managed_by(user),
            is_pair: room.is_one_to_one(),
            other: other.map(|(other, _)| other.username.clone()),
            is_gone: room.is_one_to_one() && members.iter().any(is_gone),
            blocks: found.blocks,
            opened: found.opened,
            told: mistakes.told,
            last_seen: found.seen_at.map(rfc3339),
            members: members
                .iter()
                .map(|(member, seq)| Member::new(locale, &member.to_public(), *seq))
                .collect(),
            seq: room.last_seq,
            ver: room.last_ver,
            read_seq: (found.membership.as_ref()).map_or(room.last_seq, |member| member.read_seq),
            room: ShownRoom {
                id: Id(room.id),
                name: name_of(&room, &members, user, locale),
                kind: room.kind.to_string(),
                topic: room.topic,
                involvement: (found.membership)
                    .map_or_else(String::new, |member| member.involvement.to_string()),
            },
            form,
            errors,
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

    pub(super) fn extent(&self, at: Option<i64>, (first_seq, last_seq): (i64, i64)) -> Extent<'_> {
        Extent {
            base: self.page.base(),
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
            base: self.page.base(),
            rooms: &self.rooms,
        }
    }

    pub(super) fn people(&self) -> People<'_> {
        People {
            base: self.page.base(),
            room: &self.room,
            keeper: self.is_keeper,
            lobby: self.room.id.0 == LOBBY,
            pair: self.is_pair,
            members: &self.members,
        }
    }

    fn panel(&self) -> Panel<'_> {
        Panel {
            room: &self.room,
            member: self.is_member,
            keeper: self.is_keeper,
            lobby: self.room.id.0 == LOBBY,
            other: self.other.as_deref(),
            gone: self.is_gone,
            blocked: self.blocks,
            opened: self.opened,
            told: self.told,
            form: &self.form,
            errors: &self.errors,
        }
    }
}

/// What a room is called: a direct one by its other people.
fn name_of(room: &Room, members: &[(User, i64)], user: &User, locale: Locale) -> String {
    if room.kind != RoomKind::Direct {
        return room.name.clone();
    }
    let others = members.iter().filter(|(member, _)| member.id != user.id);
    let names: Vec<&str> = others.map(|(member, _)| member.username.as_str()).collect();
    shown_name(locale, &names.join(", "))
}
