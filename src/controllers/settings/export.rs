//! Export of the current user's data.

use std::collections::VecDeque;

use actix_web::HttpResponse;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::controllers::App;
use crate::controllers::concerns::attempt::Attempt;
use crate::controllers::extractors::current_user::CurrentUser;
use crate::error::{Error, Result};
use crate::models::user::data_export::{self, ExportedUser};
use crate::models::{now, rfc3339};
use crate::services::user_permits::{UserPermit, UserPermits};

/// `Retry-After` while an export of the user is running, in seconds.
const RETRY_SECONDS: u64 = 10;

/// Running exports: at most one per user, and one at a time reads the database.
pub struct Exports {
    permits: UserPermits,
    reader: Semaphore,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            permits: UserPermits::default(),
            reader: Semaphore::new(1),
        }
    }
}

/// The exported data without messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportHeader {
    exported_at: String,
    #[serde(flatten)]
    user: ExportedUser,
}

/// State of a streamed export.
struct ExportStream {
    app: Data<App>,
    user_id: i64,
    /// Text to send before the next batch.
    pending: Option<String>,
    batches: VecDeque<(i64, Vec<i64>)>,
    is_first: bool,
    is_finished: bool,
    /// Dropped also when the client disconnects.
    _permit: UserPermit,
}

/// `GET /settings/export`: streams a JSON file in batches; one export per user at a time.
pub async fn show(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    let user_id = user.id;
    let permit = app
        .exports
        .permits
        .acquire(user_id, usize::MAX, RETRY_SECONDS)?;
    let tries = app.rate_limits.export(user_id);
    let (user, batches) = Attempt::run(&app, tries, read(&app, user_id)).await?;
    let exported_at = rfc3339(now());
    let header_object = ExportHeader { exported_at, user };
    let json = serde_json::to_string(&header_object).map_err(Error::internal)?;
    let prefix = json.strip_suffix('}').unwrap_or_default();
    let stream_state = ExportStream {
        app,
        user_id,
        pending: Some(format!("{prefix},\"messages\":[")),
        batches: batches.into(),
        is_first: true,
        is_finished: false,
        _permit: permit,
    };
    let name = DispositionParam::Filename("teahouse.json".to_owned());
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![name],
    };
    Ok(HttpResponse::Ok()
        .insert_header(header::ContentType::json())
        .insert_header(disposition)
        .streaming(stream::try_unfold(stream_state, ExportStream::next)))
}

async fn read(app: &App, user_id: i64) -> Result<(ExportedUser, Vec<(i64, Vec<i64>)>)> {
    let _permit = app.exports.reader.acquire().await;
    let read = app.database.read(move |conn| {
        let user = data_export::user(conn, user_id)?;
        Ok((user, data_export::message_batches(conn, user_id)?))
    });
    read.await
}

impl ExportStream {
    /// Returns the next batch. On failure the connection ends without the end of the JSON, so that the file is invalid.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        if let Some(text) = self.pending.take() {
            return Ok(Some((text.into(), self)));
        }
        if self.is_finished {
            return Ok(None);
        }
        let Some((room_id, seqs)) = self.batches.pop_front() else {
            self.is_finished = true;
            return Ok(Some((Bytes::from_static(b"\n]}\n"), self)));
        };
        let user_id = self.user_id;
        let turn = self.app.exports.reader.acquire().await;
        let read = self
            .app
            .database
            .read(move |conn| data_export::messages_at(conn, user_id, room_id, &seqs));
        let messages = read.await?;
        drop(turn);
        let mut text = String::new();
        for message in messages {
            let separator = if self.is_first { "\n" } else { ",\n" };
            self.is_first = false;
            text += separator;
            text += &serde_json::to_string(&message).map_err(Error::internal)?;
        }
        Ok(Some((text.into(), self)))
    }
}
