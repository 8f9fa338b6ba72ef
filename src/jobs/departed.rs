//! Hides what people wrote who deleted their accounts, where the installation's setting says so: bit by bit, through
//! the one way on which messages change, and going on after a restart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::error::outage::warn_unless_outage;
use crate::error::{Error, Result};
use crate::models::database::Database;
use crate::models::departure::{is_erased, leaving, messages_to_erase};
use crate::realtime::live::Live;
use crate::realtime::store::Write;

/// Without a word that somebody left, it is looked so often: another server may have stopped in the middle.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// After a failure.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many messages at a time: what others say is stored in between.
const PIECE: i64 = 100;

/// Runs for as long as the program; `left` says that somebody deleted their account.
pub async fn run(database: Database, live: Arc<Live>, left: Arc<Notify>) {
    loop {
        if let Err(error) = erase(&database, &live).await {
            warn_unless_outage!(
                error,
                "messages of somebody who left could not be hidden yet"
            );
            sleep(PATIENCE).await;
            continue;
        }
        let _ = timeout(PAUSE, left.notified()).await;
    }
}

async fn erase(database: &Database, live: &Live) -> Result<()> {
    for user_id in database.run(leaving).await? {
        loop {
            let piece = move |conn: &mut _| messages_to_erase(conn, user_id, PIECE);
            let targets = database.run(piece).await?;
            if targets.is_empty() {
                break;
            }
            let writes = targets.into_iter().map(Write::Erase);
            for verdict in join_all(writes.map(|write| live.writer.write(write))).await {
                match verdict.map_err(Error::from) {
                    // The room was deleted meanwhile, and the message with it.
                    Ok(_) | Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        database.write(move |conn| is_erased(conn, user_id)).await?;
        database.erase_traces();
    }
    Ok(())
}
