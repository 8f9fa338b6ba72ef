//! Directory of open rooms and users, in pages.

use std::fmt;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::Room;
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::User;
use crate::models::values::user_status::Status;
use crate::models::values::username;
use crate::protocol::RoomKind;

define_sql_function! {
    /// Makes comparisons ignore case on both databases; their defaults differ.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Maximum number of entries per page.
const PAGE_SIZE: i64 = 100;

/// A page of a list that is ordered by a key and an id.
#[derive(Debug)]
pub struct DirectoryPage<T> {
    /// Entries of this page.
    pub items: Vec<T>,
    /// Number of entries before this page.
    pub before: i64,
    /// Number of entries in the list.
    pub total: i64,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<DirectoryCursor>,
}

/// The entry after which a page begins. The entry may have been deleted since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryCursor {
    id: i64,
    key: String,
}

impl DirectoryCursor {
    /// Parses the output of `Display`: `<id>.<key>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, key) = text.split_once('.')?;
        Some(Self {
            id: id.parse().ok()?,
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for DirectoryCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.key)
    }
}

impl<T> DirectoryPage<T> {
    /// Builds a page of at most `limit` entries from up to `limit + 1`: a surplus entry means that there is a next
    /// page.
    fn new(
        mut items: Vec<T>,
        limit: i64,
        (total, rest): (i64, i64),
        cursor: impl Fn(&T) -> DirectoryCursor,
    ) -> Self {
        let has_more = items.len() as i64 > limit;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| has_more).map(cursor);
        Self {
            items,
            before: total - rest,
            total,
            next,
        }
    }
}

/// Returns a page of the open rooms that a user has not joined and whose name or topic contains `search`, ordered by
/// name.
pub fn open_rooms(
    conn: &mut DbConn,
    user_id: i64,
    search: &str,
    after: Option<&DirectoryCursor>,
) -> Result<DirectoryPage<Room>> {
    let pattern = contains_pattern(search);
    let found = || {
        let own = memberships::table
            .filter(memberships::room_id.eq(rooms::id))
            .filter(memberships::user_id.eq(user_id));
        rooms::table
            .filter(rooms::kind.eq(RoomKind::Open))
            .filter(rooms::deleted_at.is_null())
            .filter(diesel::dsl::not(exists(own)))
            .filter(
                lower(rooms::name)
                    .like(lower(pattern.clone()))
                    .escape('!')
                    .or(lower(rooms::topic).like(lower(pattern.clone())).escape('!')),
            )
    };
    let total: i64 = found().count().get_result(conn)?;
    let (key, id) = after.map_or_else(
        || (String::new(), 0),
        |cursor| (cursor.key.clone(), cursor.id),
    );
    let rest = || {
        let is_later = rooms::name
            .gt(key.clone())
            .or(rooms::name.eq(key.clone()).and(rooms::id.gt(id)));
        found().filter(is_later)
    };
    let left: i64 = match after {
        Some(_) => rest().count().get_result(conn)?,
        None => total,
    };
    let items = rest()
        .order((rooms::name, rooms::id))
        .limit(PAGE_SIZE + 1)
        .select(Room::as_select())
        .load(conn)?;
    let cursor = |room: &Room| DirectoryCursor {
        id: room.id,
        key: room.name.clone(),
    };
    Ok(DirectoryPage::new(items, PAGE_SIZE, (total, left), cursor))
}

/// Returns at most `limit` other active users whose username begins with `search`, ordered by username.
pub fn find_users(conn: &mut DbConn, user_id: i64, search: &str, limit: i64) -> Result<Vec<User>> {
    Ok(users::table
        .filter(users::status.eq(Status::Active))
        .filter(users::id.ne(user_id))
        .filter(
            users::username_key
                .like(prefix_pattern(&search_key(search)))
                .escape('!'),
        )
        .order(users::username_key)
        .limit(limit.min(PAGE_SIZE))
        .select(User::as_select())
        .load(conn)?)
}

/// Returns a page of [`find_users`].
pub fn users_page(
    conn: &mut DbConn,
    user_id: i64,
    search: &str,
    after: Option<&DirectoryCursor>,
) -> Result<DirectoryPage<User>> {
    let pattern = prefix_pattern(&search_key(search));
    let named = || {
        users::table
            .filter(users::status.eq(Status::Active))
            .filter(users::id.ne(user_id))
            .filter(users::username_key.like(pattern.clone()).escape('!'))
    };
    let total: i64 = named().count().get_result(conn)?;
    let key = after.map_or_else(String::new, |cursor| cursor.key.clone());
    let rest = || named().filter(users::username_key.gt(key.clone()));
    let left: i64 = match after {
        Some(_) => rest().count().get_result(conn)?,
        None => total,
    };
    let items = rest()
        .order(users::username_key)
        .limit(PAGE_SIZE + 1)
        .select((User::as_select(), users::username_key))
        .load::<(User, String)>(conn)?;
    let cursor = |(user, key): &(User, String)| DirectoryCursor {
        id: user.id,
        key: key.clone(),
    };
    let page = DirectoryPage::new(items, PAGE_SIZE, (total, left), cursor);
    Ok(DirectoryPage {
        items: page.items.into_iter().map(|(user, _)| user).collect(),
        before: page.before,
        total: page.total,
        next: page.next,
    })
}

/// Returns the username key of a search term. A term that is not a valid username may still be a prefix of one.
fn search_key(search: &str) -> String {
    username::key(search).unwrap_or_else(|| search.trim().to_lowercase())
}

fn escape_like(text: &str) -> String {
    text.replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}

fn contains_pattern(text: &str) -> String {
    format!("%{}%", escape_like(text.trim()))
}

fn prefix_pattern(text: &str) -> String {
    format!("{}%", escape_like(text))
}
