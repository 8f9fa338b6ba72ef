//! Deletes the messages of users who deleted their accounts, if `accounts.deleted_messages` says so. Works in batches
//! through the message writer, and resumes after a restart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::error::outage::warn_unless_outage;
use crate::error::{Error, Result};
use crate::models::database::Database;
use crate::models::user::account_deletion::{finish_erasure, messages_to_erase, pending_erasures};
use crate::protocol::commands::{Change, WriteCommand};
use crate::realtime::service::Realtime;

/// Poll interval when not notified; picks up erasures left unfinished by another server.
const INTERVAL: Duration = Duration::from_secs(10 * 60);
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// Messages per batch; other writes are stored in between.
const BATCH: i64 = 100;

/// Runs the job. `account_deleted` is notified when a user deletes their account.
pub async fn run(database: Database, realtime: Arc<Realtime>, account_deleted: Arc<Notify>) {
    loop {
        if let Err(error) = erase(&database, &realtime).await {
            warn_unless_outage!(error, "cannot erase a deleted user's messages; retrying");
            sleep(RETRY_DELAY).await;
            continue;
        }
        let _ = timeout(INTERVAL, account_deleted.notified()).await;
    }
}

async fn erase(database: &Database, realtime: &Realtime) -> Result<()> {
    for user_id in database.read(pending_erasures).await? {
        loop {
            let batch = move |conn: &mut _| messages_to_erase(conn, user_id, BATCH);
            let targets = database.read(batch).await?;
            if targets.is_empty() {
                break;
            }
            let writes = targets
                .into_iter()
                .map(|target| WriteCommand::Change(target, Change::Erase));
            for result in join_all(writes.map(|write| realtime.writer.write(write))).await {
                match result.map_err(Error::from) {
                    // The room and its messages were deleted concurrently.
                    Ok(_) | Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        database
            .write(move |conn| finish_erasure(conn, user_id))
            .await?;
        database.request_wal_truncation();
    }
    Ok(())
}
