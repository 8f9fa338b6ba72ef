//! What can be found: open rooms and people.

use std::fmt;

use diesel::dsl::exists;
use diesel::prelude::*;

use super::{OPEN, Room};
use crate::error::Result;
use crate::models::database::connection::DbConn;
use crate::models::schema::{memberships, rooms, users};
use crate::models::user::{ACTIVE, User};
use crate::models::values::username;

define_sql_function! {
    /// Left to themselves one database tells case apart, and the other does not.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A page of the directory.
const PAGE: i64 = 100;

/// A page of a list whose entries are in the order of a key and an id.
#[derive(Debug)]
pub struct Slice<T> {
    /// The entries.
    pub items: Vec<T>,
    /// How many entries come before them.
    pub before: i64,
    /// How many entries there are in all.
    pub total: i64,
    /// Where the next page begins: after this; `None` on the last page.
    pub next: Option<Place>,
}

/// The entry after which a page begins. It need not exist any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    id: i64,
    key: String,
}

impl Place {
    /// Reads what `Display` writes: the id, a full stop, and the key.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, key) = text.split_once('.')?;
        Some(Self {
            id: id.parse().ok()?,
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.key)
    }
}

impl<T> Slice<T> {
    /// Cuts off the entry that was read only to see whether there is one.
    fn new(
        mut items: Vec<T>,
        limit: i64,
        (total, rest): (i64, i64),
        place: impl Fn(&T) -> Place,
    ) -> Self {
        let has_more = items.len() as i64 > limit;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| has_more).map(place);
        Self {
            items,
            before: total - rest,
            total,
            next,
        }
    }
}

/// Open rooms that a person is not in, by name; those whose name or topic has `search` in it.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn open_rooms(
    conn: &mut DbConn,
    user_id: i64,
    search: &str,
    after: Option<&Place>,
) -> Result<Slice<Room>> {
    let pattern = contains(search);
    let found = || {
        let mine = memberships::table
            .filter(memberships::room_id.eq(rooms::id))
            .filter(memberships::user_id.eq(user_id));
        rooms::table
            .filter(rooms::kind.eq(OPEN))
            .filter(rooms::deleted_at.is_null())
            .filter(diesel::dsl::not(exists(mine)))
            .filter(
                lower(rooms::name)
                    .like(lower(pattern.clone()))
                    .escape('!')
                    .or(lower(rooms::topic).like(lower(pattern.clone())).escape('!')),
            )
    };
    let total: i64 = found().count().get_result(conn)?;
    let (key, id) = after.map_or_else(|| (String::new(), 0), |place| (place.key.clone(), place.id));
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
        .limit(PAGE + 1)
        .select(Room::as_select())
        .load(conn)?;
    let place = |room: &Room| Place {
        id: room.id,
        key: room.name.clone(),
    };
    Ok(Slice::new(items, PAGE, (total, left), place))
}

/// Other people, by name; those whose name begins with `search`.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn people(conn: &mut DbConn, user_id: i64, search: &str, limit: i64) -> Result<Vec<User>> {
    Ok(users::table
        .filter(users::status.eq(ACTIVE))
        .filter(users::id.ne(user_id))
        .filter(
            users::username_key
                .like(begins(&key_of(search)))
                .escape('!'),
        )
        .order(users::username_key)
        .limit(limit.min(PAGE))
        .select(User::as_select())
        .load(conn)?)
}

/// A page of [`people`].
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub fn people_page(
    conn: &mut DbConn,
    user_id: i64,
    search: &str,
    after: Option<&Place>,
) -> Result<Slice<User>> {
    let pattern = begins(&key_of(search));
    let named = || {
        users::table
            .filter(users::status.eq(ACTIVE))
            .filter(users::id.ne(user_id))
            .filter(users::username_key.like(pattern.clone()).escape('!'))
    };
    let total: i64 = named().count().get_result(conn)?;
    let key = after.map_or_else(String::new, |place| place.key.clone());
    let rest = || named().filter(users::username_key.gt(key.clone()));
    let left: i64 = match after {
        Some(_) => rest().count().get_result(conn)?,
        None => total,
    };
    let items = rest()
        .order(users::username_key)
        .limit(PAGE + 1)
        .select((User::as_select(), users::username_key))
        .load::<(User, String)>(conn)?;
    let place = |(user, key): &(User, String)| Place {
        id: user.id,
        key: key.clone(),
    };
    let page = Slice::new(items, PAGE, (total, left), place);
    Ok(Slice {
        items: page.items.into_iter().map(|(user, _)| user).collect(),
        before: page.before,
        total: page.total,
        next: page.next,
    })
}

/// How the beginning of a name is compared. It may be too short or too odd for a name.
fn key_of(search: &str) -> String {
    // Also what is no name yet may be the beginning of one.
    username::key(search).unwrap_or_else(|| search.trim().to_lowercase())
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_")
}

fn contains(text: &str) -> String {
    format!("%{}%", escaped(text.trim()))
}

fn begins(text: &str) -> String {
    format!("{}%", escaped(text))
}
