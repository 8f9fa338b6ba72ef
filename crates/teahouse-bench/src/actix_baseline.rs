//! The web framework alone, as a baseline for the memory of connections: WebSockets that respond to pings and do nothing
//! else. `teahouse fixtures --page` is the baseline for pages, since it must run the server's own queries.

use std::net::{Ipv4Addr, TcpListener};

use actix_web::web::{Payload, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, rt};
use actix_ws::Message;
use anyhow::Result;

/// Serves until the process is killed.
pub(crate) fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    rt::System::new().block_on(async move {
        let server = HttpServer::new(|| App::new().route("/ws", get().to(open_socket)));
        let server = server.backlog(4096).listen(listener)?;
        println!("listening on http://{address}");
        Ok(server.run().await?)
    })
}

async fn open_socket(request: HttpRequest, payload: Payload) -> actix_web::Result<HttpResponse> {
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
