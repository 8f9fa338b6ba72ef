//! How the hub comes to what it missed: a hole that does not close by itself is filled from the store.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;

use super::worker_commands::EncodedBatch;
use super::{Hub, RoomState};
use crate::error::Result;
use crate::error::outage::warn_unless_outage;
use crate::realtime::frames::ServerFrame;

/// A hole usually closes by itself within this time.
const HOLE_PATIENCE: Duration = Duration::from_millis(200);

impl RoomState {
    /// Whether something is known to exist that was not delivered.
    pub(in crate::realtime) fn has_hole(&self) -> bool {
        let is_behind = self.last_ver.is_some_and(|ver| ver < self.end);
        is_behind || !self.early.is_empty()
    }
}

impl Hub {
    /// The store has these rooms' logs up to these changes, whoever wrote them.
    pub fn reach(&self, ends: &[(i64, i64)]) {
        let mut inner = self.lock();
        for (room_id, end) in ends {
            if let Some(room) = inner.rooms.get_mut(room_id) {
                room.end = room.end.max(*end);
                if room.has_hole() {
                    inner.holes.insert(*room_id);
                    self.hole.notify_one();
                }
            }
        }
    }

    /// Fills holes for as long as the program runs.
    pub async fn mend(&self) {
        loop {
            self.hole.notified().await;
            tokio::time::sleep(HOLE_PATIENCE).await;
            let holes: Vec<i64> = self.lock().holes.drain().collect();
            for room_id in holes {
                if let Err(error) = self.fill(room_id).await {
                    warn_unless_outage!(error, room_id, "a hole could not be filled yet");
                    self.lock().holes.insert(room_id);
                    self.hole.notify_one();
                }
            }
        }
    }

    /// Delivers from the store what is after the room's last delivered change.
    async fn fill(&self, room_id: i64) -> Result<()> {
        loop {
            let last_ver = match self.lock().rooms.get(&room_id) {
                // What came in the meantime may have closed the hole.
                Some(room) if room.has_hole() => room.last_ver,
                _ => None,
            };
            let Some(last_ver) = last_ver else {
                return Ok(());
            };
            let changes = self.store().changes(room_id, last_ver).await?;
            let mut inner = self.lock();
            let Some(room) = inner.rooms.get_mut(&room_id) else {
                return Ok(());
            };
            let known = room.last_ver.unwrap_or(changes.ver);
            let mut wire = BytesMut::new();
            let mut ends = Vec::new();
            for message in changes
                .messages
                .iter()
                .filter(|message| message.ver > known)
            {
                ServerFrame::Message(message).encode_into(&mut wire);
                ends.push((message.ver, wire.len()));
            }
            if changes.ver > known {
                self.figures.mended.inc();
            }
            room.last_ver = Some(known.max(changes.ver));
            room.end = room.end.max(changes.last_ver);
            if !ends.is_empty() {
                let wire = wire.freeze();
                inner.hand_over(room_id, Arc::new(EncodedBatch { wire, ends }));
            }
            self.deliver(&mut inner, room_id, Vec::new());
            if !changes.more {
                return Ok(());
            }
        }
    }
}
