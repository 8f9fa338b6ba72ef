//! What other processes on this database wrote: a second server, the command line, an admin's SQL. Every second the
//! installation's counter is compared. When it moved, the ends of the rooms that are followed here and what was noted
//! are read; every few seconds, whether the sessions served here are still alive, which plain SQL changes unnoted.
//!
//! What this process did itself is looked at again: it changes nothing then, and a change whose request gave up before
//! the commit's answer came is heard of all the same.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout};

use crate::error::Result;
use crate::error::outage::explains;
use crate::realtime::connected_sessions::SessionRef;
use crate::realtime::hub::worker_commands::WorkerCommand;
use crate::realtime::service::Realtime;
use crate::realtime::websocket::CloseCode;

/// Notices are kept so long.
pub const NOTICE_RETENTION: Duration = Duration::from_secs(60 * 60);
/// How often the counter is compared.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often all sessions are looked at.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_millis(2500);
/// So many rooms, people or sessions are asked about in one query.
const CHUNK: usize = 500;

/// Something changed: where to look, not what is to be found there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeNotice {
    /// Somebody came into a room, or is no longer in it.
    Membership {
        /// The room.
        room_id: i64,
        /// Who.
        user_id: i64,
    },
    /// A room's name, topic or kind changed, or it was deleted.
    Room(i64),
    /// Sessions of a person ended.
    Sessions(i64),
    /// The pending invitations of a person changed.
    Invitations(i64),
}

/// What was noted up to a number of the installation.
#[derive(Debug)]
pub struct ChangeNotices {
    /// The latest number.
    pub number: i64,
    /// In no order, each once.
    pub list: Vec<ChangeNotice>,
}

/// Somebody who is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomMember {
    /// The room.
    pub room_id: i64,
    /// Who.
    pub user_id: i64,
    /// Whether the room is a direct one.
    pub is_direct: bool,
}

/// Where the watcher looks.
pub trait ChangeSource: Send + Sync {
    /// What was noted after a number of the installation.
    fn notices(&self, after: i64) -> BoxFuture<'static, Result<ChangeNotices>>;

    /// Those of the rooms that were not deleted, each with its latest change.
    fn latest_versions(&self, room_ids: Vec<i64>) -> BoxFuture<'static, Result<Vec<(i64, i64)>>>;

    /// Which of these people are in which of these rooms.
    fn members(
        &self,
        room_ids: Vec<i64>,
        user_ids: Vec<i64>,
    ) -> BoxFuture<'static, Result<Vec<RoomMember>>>;

    /// Those of the sessions that have not ended, and whose people may be here.
    fn live_sessions(&self, sessions: Vec<Arc<str>>)
    -> BoxFuture<'static, Result<HashSet<String>>>;
}

/// See the module's description.
pub struct ChangePoller {
    realtime: Arc<Realtime>,
    store: Arc<dyn ChangeSource>,
    /// Everything up to this number was looked at.
    last: i64,
    last_success_at: Instant,
    sessions_checked_at: Instant,
    is_failing: bool,
}

impl ChangePoller {
    /// Begins with what is noted from here on. Must come before the first connection.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub async fn start(realtime: Arc<Realtime>, store: Arc<dyn ChangeSource>) -> Result<Self> {
        let last = realtime.store.latest_change().await?;
        Ok(Self {
            realtime,
            store,
            last,
            last_success_at: Instant::now(),
            sessions_checked_at: Instant::now(),
            is_failing: false,
        })
    }

    /// Looks for as long as the program runs.
    pub async fn run(mut self) {
        loop {
            let _ = timeout(INTERVAL, self.realtime.poll_requested.notified()).await;
            match self.poll().await {
                Ok(()) => {
                    self.last_success_at = Instant::now();
                    if std::mem::take(&mut self.is_failing) {
                        tracing::info!("what others write is seen again");
                    }
                }
                // The next look begins where this one did, so nothing is missed.
                Err(error) if !self.is_failing => {
                    match explains(&error) {
                        true => tracing::info!(%error, "what others write is not seen for now"),
                        false => tracing::warn!(%error, "what others write is not seen for now"),
                    }
                    self.is_failing = true;
                }
                Err(_) => {}
            }
        }
    }

    /// One look at everything. Done again after an error, it changes nothing that it changed before.
    pub async fn poll(&mut self) -> Result<()> {
        let ChangeNotices { number, list } = self.store.notices(self.last).await?;
        if self.last_success_at.elapsed() > NOTICE_RETENTION / 2 {
            // Some notices may be forgotten: everybody comes back to what is true now.
            let everybody = WorkerCommand::CloseAll(CloseCode::GoingAway);
            self.realtime.hub.send_to_workers(&everybody);
        }
        if number != self.last {
            self.realtime.hub.change_clock.record_all();
            self.poll_rooms(self.realtime.hub.followed_rooms()).await?;
            self.apply(&list).await?;
        }
        if self.sessions_checked_at.elapsed() >= SESSION_CHECK_INTERVAL {
            self.poll_sessions(self.realtime.hub.connected_sessions.sessions())
                .await?;
            self.sessions_checked_at = Instant::now();
        }
        self.last = number;
        Ok(())
    }

    /// Rooms that grew elsewhere have holes here; those that are no more are left by everybody.
    async fn poll_rooms(&self, room_ids: Vec<i64>) -> Result<()> {
        for chunk in room_ids.chunks(CHUNK) {
            let latest_versions = self.store.latest_versions(chunk.to_vec()).await?;
            self.realtime.hub.note_latest_versions(&latest_versions);
            let there: HashSet<i64> = latest_versions
                .into_iter()
                .map(|(room_id, _)| room_id)
                .collect();
            for room_id in chunk.iter().filter(|room_id| !there.contains(room_id)) {
                self.realtime.room_deleted(*room_id);
            }
        }
        Ok(())
    }

    async fn apply(&self, notices: &[ChangeNotice]) -> Result<()> {
        let hub = &self.realtime.hub;
        let (mut rooms, mut users) = (HashSet::new(), HashSet::new());
        let mut signed_out = Vec::new();
        for notice in notices {
            match *notice {
                ChangeNotice::Room(room_id) => {
                    hub.send_to_workers(&WorkerCommand::RoomChanged(room_id))
                }
                ChangeNotice::Sessions(user_id) => signed_out.push(user_id),
                ChangeNotice::Invitations(user_id) => {
                    if hub.connected_sessions.contains_user(user_id) {
                        hub.send_to_workers(&WorkerCommand::InvitationsChanged(user_id));
                    }
                }
                ChangeNotice::Membership { room_id, user_id } => {
                    if hub.connected_sessions.contains_user(user_id) {
                        rooms.insert(room_id);
                        users.insert(user_id);
                    }
                }
            }
        }
        self.poll_sessions(hub.connected_sessions.sessions_of(&signed_out))
            .await?;
        let members = self.members(&rooms, &users).await?;
        for notice in notices {
            if let ChangeNotice::Membership { room_id, user_id } = *notice
                && users.contains(&user_id)
            {
                match members.get(&(room_id, user_id)) {
                    Some(member) => self.realtime.join_room(user_id, room_id, member.is_direct),
                    // Should they have come back this very moment, the next look lets them in again.
                    None => self.realtime.leave_room(user_id, room_id),
                }
            }
        }
        Ok(())
    }

    async fn members(
        &self,
        rooms: &HashSet<i64>,
        users: &HashSet<i64>,
    ) -> Result<HashMap<(i64, i64), RoomMember>> {
        let rooms: Vec<i64> = rooms.iter().copied().collect();
        let users: Vec<i64> = users.iter().copied().collect();
        let mut found = HashMap::new();
        for rooms in rooms.chunks(CHUNK) {
            for users in users.chunks(CHUNK) {
                let members = self.store.members(rooms.to_vec(), users.to_vec()).await?;
                let keyed = members.into_iter();
                found.extend(keyed.map(|member| ((member.room_id, member.user_id), member)));
            }
        }
        Ok(found)
    }

    /// Closes what belongs to sessions that are over.
    async fn poll_sessions(&self, sessions: Vec<SessionRef>) -> Result<()> {
        for chunk in sessions.chunks(CHUNK) {
            let hashes = chunk.iter().map(|(_, session)| session.clone()).collect();
            let live_sessions = self.store.live_sessions(hashes).await?;
            for (user_id, session) in chunk {
                if !live_sessions.contains(&**session) {
                    self.realtime.close_session(*user_id, session.clone());
                }
            }
        }
        Ok(())
    }
}
