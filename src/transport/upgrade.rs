//! A connection whose request asked for another protocol. The application answers as always; from then on nothing of
//! HTTP is kept for it: neither its two buffers nor its state. What comes in is read by whoever has the request's
//! payload, and what the answer's body has goes out as it is.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_codec::{Encoder, Framed, FramedParts};
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Payload, Request, Response, StatusCode};
use actix_service::Service;
use actix_web::web::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;

use super::stream::Stream;

/// Pieces of a body that are there already are written together, up to so many bytes.
const TOGETHER: usize = 16 * 1024;

/// Answers the request, and carries the answer's body until it ends or the connection does.
pub(super) async fn carry<S, B>(app: Rc<S>, mut request: Request, framed: Framed<Stream, Codec>)
where
    S: Service<Request>,
    S::Response: Into<Response<B>>,
    S::Error: Into<Response<BoxBody>>,
    B: MessageBody + 'static,
{
    let FramedParts {
        io: stream,
        codec,
        read_buf,
        ..
    } = framed.into_parts();
    let inlet = stream.inlet(Bytes::copy_from_slice(&read_buf));
    drop(read_buf);
    *request.payload() = Payload::Stream {
        payload: Box::pin(inlet),
    };
    // What goes wrong from here on is the peer's: it is gone.
    let _ = match app.call(request).await {
        Ok(response) => Outgoing::start(stream, codec, response.into()).await,
        Err(error) => Outgoing::start(stream, codec, error.into()).await,
    };
}

/// What is still to be written.
struct Outgoing {
    stream: Stream,
    /// Nothing once the connection speaks another protocol: then bytes are only bytes.
    codec: Option<Codec>,
    rest: Bytes,
    is_over: bool,
}

impl Outgoing {
    async fn start<B: MessageBody>(
        stream: Stream,
        mut codec: Codec,
        response: Response<B>,
    ) -> io::Result<()> {
        let (mut response, body) = response.into_parts();
        let is_upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if !is_upgraded {
            // What else has come may be of the other protocol.
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        let mut head = BytesMut::new();
        let size = body.size();
        let is_over = matches!(size, BodySize::None | BodySize::Sized(0));
        codec.encode(Message::Item((response, size)), &mut head)?;
        let mut outgoing = Self {
            stream,
            codec: (!is_upgraded).then_some(codec),
            rest: head.freeze(),
            is_over,
        };
        let mut body = pin!(body);
        poll_fn(move |cx| outgoing.poll(cx, body.as_mut())).await
    }

    fn poll<B: MessageBody>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.gather(cx, body.as_mut())?;
            let mut stream = Pin::new(&mut self.stream);
            if self.rest.is_empty() {
                ready!(stream.as_mut().poll_flush(cx))?;
                return match self.is_over {
                    true => stream.poll_shutdown(cx),
                    false => Poll::Pending,
                };
            }
            match ready!(stream.poll_write(cx, &self.rest))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                // Bytes that are empty would keep what they were part of.
                all if all == self.rest.len() => self.rest = Bytes::new(),
                written => self.rest.advance(written),
            }
        }
    }

    /// Takes what the body has. It may believe that all it gave was written: what follows in the same turn tries just
    /// that, and the connection's line knows when it did not succeed.
    fn gather<B: MessageBody>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> io::Result<()> {
        while !self.is_over && self.rest.len() < TOGETHER {
            match body.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.add(bytes)?,
                Poll::Ready(Some(Err(_))) => return Err(ErrorKind::BrokenPipe.into()),
                Poll::Ready(None) => self.is_over = true,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn add(&mut self, bytes: Bytes) -> io::Result<()> {
        if self.rest.is_empty() && self.codec.is_none() {
            self.rest = bytes;
            return Ok(());
        }
        let mut wire = BytesMut::from(std::mem::take(&mut self.rest));
        match &mut self.codec {
            Some(codec) => codec.encode(Message::Chunk(Some(bytes)), &mut wire)?,
            None => wire.extend_from_slice(&bytes),
        }
        self.rest = wire.freeze();
        Ok(())
    }
}
