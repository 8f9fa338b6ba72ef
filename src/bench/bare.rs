//! The web framework alone, to compare with: a socket that only answers pings, and a page that makes the look-ups of a
//! room's page and answers bytes that lie ready.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, Data, Path, Payload, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};
use actix_ws::Message;

use super::options::Options;
use crate::error::{Error, Result};
use crate::models::auth::session;
use crate::models::auth::session::KeyHash;
use crate::models::database::url::DatabaseUrl;
use crate::models::database::{Database, Limits};
use crate::models::installation;
use crate::models::room::membership::Membership;
use crate::models::room::{LOBBY, Room};

/// The file with what the page answers.
pub(super) const PAGE: &str = "page.html";

/// What the page works with.
struct Shop {
    database: Database,
    page: Bytes,
}

/// Serves until it is killed.
///
/// # Errors
/// `Unavailable` when the database or the page is not there.
pub(super) fn serve(options: &Options) -> Result<()> {
    let shop = options
        .dir
        .clone()
        .map(|dir| open(options, dir))
        .transpose()?;
    let shop = shop.map(Data::new);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let server = async move {
        let server = HttpServer::new(move || {
            let app = App::new().route("/ws", get().to(socket));
            match &shop {
                Some(shop) => app
                    .app_data(shop.clone())
                    .route("/rooms/{id}", get().to(page)),
                None => app,
            }
        });
        let server = server
            .backlog(4096)
            .listen(listener)
            .map_err(Error::internal)?;
        println!("listening on http://{address}");
        server.run().await.map_err(Error::internal)
    };
    rt::System::new().block_on(server)
}

fn open(options: &Options, dir: PathBuf) -> Result<Shop> {
    let url = DatabaseUrl::parse(options.database_url.as_deref().unwrap_or_default())?;
    let page = std::fs::read(dir.join(PAGE)).map_err(Error::internal)?;
    Ok(Shop {
        // As config/default.toml has it.
        database: Database::open(
            url,
            Limits {
                pool_size: 8,
                queue_size: 1024,
                deadline: Duration::from_secs(2),
            },
        )?,
        page: page.into(),
    })
}

async fn socket(request: HttpRequest, payload: Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, payload)?;
    rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            if let Message::Ping(payload) = message
                && session.pong(&payload).await.is_err()
            {
                break;
            }
        }
    });
    Ok(response)
}

async fn page(shop: Data<Shop>, request: HttpRequest, id: Path<i64>) -> Result<HttpResponse> {
    let (id, hash) = (*id, key_hash(request.headers()));
    let found = shop.database.run(move |conn| {
        let live = session::find_active(conn, &hash)?.ok_or(Error::Unauthorized)?;
        let (room, membership) = Room::find_for(conn, &live.user, id)?;
        let people = installation::people(conn)?;
        let members = match id {
            LOBBY => Vec::new(),
            _ => Membership::members(conn, id)?,
        };
        let rooms = Room::all_of(conn, live.user.id)?;
        Ok((
            room.last_ver,
            people,
            membership.is_some(),
            members.len(),
            rooms.len(),
        ))
    });
    std::hint::black_box(found.await?);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(shop.page.clone()))
}

/// Who asks.
fn key_hash(headers: &HeaderMap) -> KeyHash {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    KeyHash::of(
        value
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default(),
    )
}
