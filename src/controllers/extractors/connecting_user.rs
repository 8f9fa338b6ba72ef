//! The user who opens a WebSocket or an event stream.

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::current_user::authenticate_and_read;
use crate::controllers::App;
use crate::error::{Error, Result};
use crate::models::room::Room;
use crate::models::room::invitation;
use crate::realtime::connection::ConnectRequest;

/// The signed-in user with their rooms and invitations, read in one database job.
pub struct ConnectingUser(pub ConnectRequest);

impl FromRequest for ConnectingUser {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<Data<App>>();
            let app = app.ok_or_else(|| Error::internal("the application has no data"))?;
            let since = app.realtime.hub.change_clock.now();
            let read = authenticate_and_read(&request, |conn, live| {
                let rooms = Room::summaries(conn, live.user.id)?;
                Ok((rooms, invitation::pending(conn, live.user.id)?))
            });
            let (session, (rooms, invitations)) = read.await?;
            Ok(Self(ConnectRequest {
                user: session.user.to_public(),
                session: session.key_hash.as_str().into(),
                rooms,
                invitations,
                since,
            }))
        })
    }
}
