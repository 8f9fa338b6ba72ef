//! Detects changes made by other processes on the same database: a second server, the command line, an admin's SQL.
//! Once a second it compares the installation's change number. When that has moved, it reads the latest version of
//! every room with subscribers, and the change notices. Every 2.5 seconds it checks whether the connected sessions are
//! still valid, since plain SQL writes no notices.
//!
//! Changes made by this process are processed again. That has no effect, except for a change that was committed after
//! its request had timed out, which is detected here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::error::Result;
use crate::error::outage::warn_unless_outage;
use crate::protocol::commands::{ChangeNotice, ChangeNotices, NOTICE_RETENTION, RoomMember};
use crate::protocol::websocket::CloseCode;
use crate::realtime::connected_sessions::SessionRef;
use crate::realtime::hub::worker_commands::WorkerCommand;
use crate::realtime::service::Realtime;
use crate::realtime::store::StoreFuture;

/// Interval between comparisons of the change number.
const INTERVAL: Duration = Duration::from_secs(1);
/// Interval between checks of all connected sessions.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_millis(2500);
/// Maximum number of rooms, users or sessions in one query.
const CHUNK: usize = 500;

/// The database reads of the poller.
pub trait ChangeSource: Send + Sync {
    /// Returns the notices after a change number of the installation.
    fn notices(&self, after: i64) -> StoreFuture<ChangeNotices>;

    /// Returns the latest version of each of these rooms that is not deleted, as `(room_id, ver)`.
    fn latest_versions(&self, room_ids: Vec<i64>) -> StoreFuture<Vec<(i64, i64)>>;

    /// Returns the memberships of these users in these rooms.
    fn members(&self, room_ids: Vec<i64>, user_ids: Vec<i64>) -> StoreFuture<Vec<RoomMember>>;

    /// Returns those of these sessions that are valid and belong to active users.
    fn live_sessions(&self, sessions: Vec<Arc<str>>) -> StoreFuture<HashSet<String>>;
}

/// Polls the database for changes of other processes.
pub struct ChangePoller {
    realtime: Arc<Realtime>,
    store: Arc<dyn ChangeSource>,
    /// All changes up to this number have been processed.
    last: i64,
    last_success_at: Instant,
    sessions_checked_at: Instant,
    is_failing: bool,
}

impl ChangePoller {
    /// Starts at the current change number. Must be called before the first connection is accepted.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be read.
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

    /// Polls until the process ends.
    pub async fn run(mut self) {
        loop {
            let _ = timeout(INTERVAL, self.realtime.poll_requested.notified()).await;
            match self.poll().await {
                Ok(()) => {
                    self.last_success_at = Instant::now();
                    if std::mem::take(&mut self.is_failing) {
                        tracing::info!("change polling works again");
                    }
                }
                // The next poll starts at the same number, so no change is missed.
                Err(error) if !self.is_failing => {
                    warn_unless_outage!(
                        error,
                        "cannot poll for changes by other processes; retrying"
                    );
                    self.is_failing = true;
                }
                Err(_) => {}
            }
        }
    }

    /// Polls once. Can be repeated after an error without side effects.
    pub async fn poll(&mut self) -> Result<()> {
        let ChangeNotices { number, list } = self.store.notices(self.last).await?;
        if self.last_success_at.elapsed() > NOTICE_RETENTION / 2 {
            // Some notices may have been deleted already, so all clients have to reconnect and re-read.
            let close_all = WorkerCommand::CloseAll(CloseCode::GoingAway);
            self.realtime.hub.send_to_workers(&close_all);
        }
        if number != self.last {
            self.realtime.hub.change_clock.record_all();
            self.poll_rooms(self.realtime.hub.rooms_with_subscribers())
                .await?;
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

    /// Reports the latest versions of these rooms to the hub, which recovers the gaps; removes the subscribers of
    /// deleted rooms.
    async fn poll_rooms(&self, room_ids: Vec<i64>) -> Result<()> {
        for chunk in room_ids.chunks(CHUNK) {
            let latest_versions = self.store.latest_versions(chunk.to_vec()).await?;
            self.realtime.hub.note_latest_versions(&latest_versions);
            let existing: HashSet<i64> = latest_versions
                .into_iter()
                .map(|(room_id, _)| room_id)
                .collect();
            for room_id in chunk.iter().filter(|room_id| !existing.contains(room_id)) {
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
                    // If the user has just joined again, the next poll adds them.
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

    /// Closes the connections of sessions that have ended.
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
