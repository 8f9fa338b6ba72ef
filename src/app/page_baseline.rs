//! The baseline that room pages are compared with: the web framework, the queries of a room page, and a body that is
//! read from a file once (`teahouse fixtures --page`). It is part of the server because it must run the same queries as
//! the page.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};

use crate::error::{Error, Result};
use crate::models::auth::session::{self, KeyHash};
use crate::models::database::url::DatabaseUrl;
use crate::models::database::{Database, PoolLimits};
use crate::models::installation;
use crate::models::room::membership::Membership;
use crate::models::room::{LOBBY, Room};

/// The limits of config/default.toml.
const LIMITS: PoolLimits = PoolLimits {
    pool_size: 8,
    queue_size: 1024,
    deadline: Duration::from_secs(2),
};

struct State {
    database: Database,
    body: Bytes,
}

/// Serves `GET /rooms/{id}` until the process is killed.
///
/// # Errors
/// `Unavailable` when the database cannot be used; `Internal` when the file cannot be read.
pub fn serve(database_url: &str, page: &Path) -> Result<()> {
    let url = DatabaseUrl::parse(database_url)?;
    let state = Data::new(State {
        database: Database::open(url, LIMITS)?,
        body: std::fs::read(page).map_err(Error::internal)?.into(),
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    rt::System::new().block_on(async move {
        let app = move || {
            App::new()
                .app_data(state.clone())
                .route("/rooms/{id}", web::get().to(show))
        };
        let server = HttpServer::new(app).backlog(4096);
        let server = server.listen(listener).map_err(Error::internal)?;
        println!("listening on http://{address}");
        server.run().await.map_err(Error::internal)
    })
}

async fn show(
    state: Data<State>,
    request: HttpRequest,
    id: web::Path<i64>,
) -> Result<HttpResponse> {
    let id = *id;
    let key = request.headers().get(header::AUTHORIZATION);
    let key = key.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key_hash = KeyHash::of(key.unwrap_or_default());
    let found = state.database.read(move |conn| {
        let live = session::find_active(conn, &key_hash)?.ok_or(Error::Unauthorized)?;
        let (room, membership) = Room::find_for(conn, &live.user, id)?;
        let version = installation::profile_version(conn)?;
        let members = match id {
            LOBBY => Vec::new(),
            _ => Membership::members(conn, id)?,
        };
        let rooms = Room::summaries(conn, live.user.id)?;
        Ok((room, membership, version, members, rooms))
    });
    std::hint::black_box(found.await?);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(state.body.clone()))
}
