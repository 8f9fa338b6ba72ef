//! My data, to take along.

use std::collections::VecDeque;

use actix_web::HttpResponse;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use serde::Serialize;

use crate::controllers::App;
use crate::controllers::concerns::current_user::CurrentUser;
use crate::error::{Error, Result};
use crate::models::export::{self, Person};
use crate::models::{now, rfc3339};

/// The file's beginning: everything but the messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Beginning {
    exported_at: String,
    #[serde(flatten)]
    person: Person,
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
}

/// `GET /settings/export`: a JSON file, written piece by piece while it is read.
pub async fn show(app: Data<App>, CurrentUser(user): CurrentUser) -> Result<HttpResponse> {
    let user_id = user.id;
    let read = app.database.run(move |conn| {
        let person = export::person(conn, user_id)?;
        Ok((person, export::places(conn, user_id)?))
    });
    let (person, pieces) = read.await?;
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
        let read = self
            .app
            .database
            .run(move |conn| export::written(conn, user_id, room_id, &seqs));
        let mut text = String::new();
        for message in read.await? {
            let separator = if self.is_first { "\n" } else { ",\n" };
            self.is_first = false;
            text += separator;
            text += &serde_json::to_string(&message).map_err(Error::internal)?;
        }
        Ok(Some((text.into(), self)))
    }
}
