//! Gap recovery: versions that were not delivered within a short time are read from the store.

use std::sync::Arc;
use std::time::Duration;

use super::worker_commands::EncodedBatch;
use super::{Hub, RoomState};
use crate::error::Result;
use crate::error::outage::warn_unless_outage;

/// Delay before a gap is recovered; most gaps close by themselves within it.
const GAP_DELAY: Duration = Duration::from_millis(200);

impl RoomState {
    /// Whether an undelivered version is known to exist.
    pub(in crate::realtime) fn has_gap(&self) -> bool {
        let is_behind = self.last_ver.is_some_and(|ver| ver < self.stored_ver);
        is_behind || !self.out_of_order.is_empty()
    }
}

impl Hub {
    /// Records that the store has these rooms' logs up to these versions, whichever process wrote them.
    pub fn note_latest_versions(&self, ends: &[(i64, i64)]) {
        let mut inner = self.lock();
        for (room_id, end) in ends {
            if let Some(room) = inner.rooms.get_mut(room_id) {
                room.stored_ver = room.stored_ver.max(*end);
                if room.has_gap() {
                    inner.gaps.insert(*room_id);
                    self.gap.notify_one();
                }
            }
        }
    }

    /// Recovers gaps until the process ends.
    pub async fn run_gap_recovery(&self) {
        loop {
            self.gap.notified().await;
            tokio::time::sleep(GAP_DELAY).await;
            let gaps: Vec<i64> = self.lock().gaps.drain().collect();
            for room_id in gaps {
                if let Err(error) = self.recover(room_id).await {
                    warn_unless_outage!(
                        error,
                        room_id,
                        "cannot read a room's missing changes; retrying"
                    );
                    self.lock().gaps.insert(room_id);
                    self.gap.notify_one();
                }
            }
        }
    }

    /// Reads the changes after the room's last delivered version and delivers them.
    async fn recover(&self, room_id: i64) -> Result<()> {
        loop {
            let last_ver = match self.lock().rooms.get(&room_id) {
                // Messages published in the meantime may have closed the gap.
                Some(room) if room.has_gap() => room.last_ver,
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
            let missed = changes
                .messages
                .iter()
                .filter(|message| message.ver > known);
            let batch = EncodedBatch::encode(missed);
            if changes.ver > known {
                self.metrics.gaps_recovered.inc();
            }
            room.last_ver = Some(known.max(changes.ver));
            room.stored_ver = room.stored_ver.max(changes.last_ver);
            if !batch.ends.is_empty() {
                inner.send_batch(room_id, Arc::new(batch));
            }
            self.deliver_in_order(&mut inner, room_id, Vec::new());
            if !changes.more {
                return Ok(());
            }
        }
    }
}
