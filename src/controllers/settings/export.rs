//! My data, to take along.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

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
use crate::models::user::data_export;
use crate::models::user::data_export::ExportedUser;
use crate::models::{now, rfc3339};

/// A second export of one person may start so many seconds later at the earliest.
const RETRY_SECONDS: u64 = 10;

/// The exports that are being written: one of each person, and of all of them one at a time reads the database.
pub struct Exports {
    people: Arc<Mutex<HashSet<i64>>>,
    reading: Semaphore,
}

impl Default for Exports {
    fn default() -> Self {
        Self {
            people: Arc::default(),
            reading: Semaphore::new(1),
        }
    }
}

impl Exports {
    fn enter(&self, user_id: i64) -> Result<Place> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if !people.insert(user_id) {
            return Err(Error::RateLimited {
                seconds: RETRY_SECONDS,
            });
        }
        let people = self.people.clone();
        Ok(Place { people, user_id })
    }
}

/// A person's export, until it is dropped: also when the download is cut off.
struct Place {
    people: Arc<Mutex<HashSet<i64>>>,
    user_id: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.remove(&self.user_id);
    }
}

/// The file's beginning: everything but the messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Beginning {
    exported_at: String,
    #[serde(flatten)]
    person: ExportedUser,
}

/// Where a download is.
struct Download {
    app: Data<App>,
    user_id: i64,
    /// What goes next, if it is there already.
    ready: Option<String>,
    pieces: VecDeque<(i64, Vec<i64>)>,
    is_first: bool,
    is_over: bool,
    _place: Place,
}

/// `GET /settings/export`: a JSON file, written piece by piece while it is read; one at a time for each person.
pub async fn show(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    let user_id = user.id;
    let place = app.exports.enter(user_id)?;
    let tries = app.rate_limits.export(user_id)?;
    let (person, pieces) = Attempt::run(&app, tries, read(&app, user_id)).await?;
    let exported_at = rfc3339(now());
    let beginning = Beginning {
        exported_at,
        person,
    };
    let json = serde_json::to_string(&beginning).map_err(Error::internal)?;
    let open = json.strip_suffix('}').unwrap_or_default();
    let download = Download {
        app,
        user_id,
        ready: Some(format!("{open},\"messages\":[")),
        pieces: pieces.into(),
        is_first: true,
        is_over: false,
        _place: place,
    };
    let name = DispositionParam::Filename("teahouse.json".to_owned());
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![name],
    };
    Ok(HttpResponse::Ok()
        .insert_header(header::ContentType::json())
        .insert_header(disposition)
        .streaming(stream::try_unfold(download, Download::next)))
}

async fn read(app: &App, user_id: i64) -> Result<(ExportedUser, Vec<(i64, Vec<i64>)>)> {
    let _turn = app.exports.reading.acquire().await;
    let read = app.database.read(move |conn| {
        let person = data_export::user(conn, user_id)?;
        Ok((person, data_export::message_batches(conn, user_id)?))
    });
    read.await
}

impl Download {
    /// The next piece. A failure ends the connection without an end of the file, so that nobody takes it for whole.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        if let Some(text) = self.ready.take() {
            return Ok(Some((text.into(), self)));
        }
        if self.is_over {
            return Ok(None);
        }
        let Some((room_id, seqs)) = self.pieces.pop_front() else {
            self.is_over = true;
            return Ok(Some((Bytes::from_static(b"\n]}\n"), self)));
        };
        let user_id = self.user_id;
        let turn = self.app.exports.reading.acquire().await;
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
