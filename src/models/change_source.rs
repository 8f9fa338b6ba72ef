//! What a server looks at to see what other processes wrote.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::prelude::*;
use futures_util::future::BoxFuture;

use crate::error::Result;
use crate::models::auth::session;
use crate::models::change_notice;
use crate::models::database::Database;
use crate::models::database::connection::DbConn;
use crate::models::room::DIRECT;
use crate::models::schema::{memberships, rooms};
use crate::realtime::change_poller::{RoomMember, ChangeNotices, ChangeSource};

impl ChangeSource for Database {
    fn notices(&self, after: i64) -> BoxFuture<'static, Result<ChangeNotices>> {
        self.boxed_run(move |conn| change_notice::after(conn, after))
    }

    fn latest_versions(&self, room_ids: Vec<i64>) -> BoxFuture<'static, Result<Vec<(i64, i64)>>> {
        self.boxed_run(move |conn| ends(conn, &room_ids))
    }

    fn members(
        &self,
        room_ids: Vec<i64>,
        user_ids: Vec<i64>,
    ) -> BoxFuture<'static, Result<Vec<RoomMember>>> {
        self.boxed_run(move |conn| members(conn, &room_ids, &user_ids))
    }

    fn live_sessions(&self, sessions: Vec<Arc<str>>) -> BoxFuture<'static, Result<HashSet<String>>> {
        self.boxed_run(move |conn| session::alive(conn, sessions.iter().map(|hash| &**hash)))
    }
}

fn ends(conn: &mut DbConn, room_ids: &[i64]) -> Result<Vec<(i64, i64)>> {
    Ok(rooms::table
        .filter(rooms::id.eq_any(room_ids))
        .filter(rooms::deleted_at.is_null())
        .select((rooms::id, rooms::last_ver))
        .load(conn)?)
}

fn members(conn: &mut DbConn, room_ids: &[i64], user_ids: &[i64]) -> Result<Vec<RoomMember>> {
    let rows: Vec<(i64, i64, bool)> = memberships::table
        .inner_join(rooms::table)
        .filter(memberships::room_id.eq_any(room_ids))
        .filter(memberships::user_id.eq_any(user_ids))
        .select((
            memberships::room_id,
            memberships::user_id,
            rooms::kind.eq(DIRECT),
        ))
        .load(conn)?;
    let member = |(room_id, user_id, is_direct)| RoomMember {
        room_id,
        user_id,
        is_direct,
    };
    Ok(rows.into_iter().map(member).collect())
}
