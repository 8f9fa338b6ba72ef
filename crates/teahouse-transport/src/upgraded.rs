//! Connections whose request asked for another protocol. The application responds as to any request; from then on the
//! connection keeps neither HTTP's two buffers nor its state. The request's payload reads from the socket, and the
//! response's body is written to it unchanged.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_codec::{Encoder, Framed, FramedParts};
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Payload, Request, Response, StatusCode};
use actix_service::Service;
use actix_web::web::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use tokio::io::AsyncWrite;

use crate::connection::Connection;
use crate::stream::ConnectionStream;

/// Size of a worker's read buffer, in bytes.
const READ_BUFFER: usize = 16 * 1024;
/// Chunks of a body that are ready at once are written together, up to this many bytes.
const WRITE_BUFFER: usize = 16 * 1024;

thread_local! {
    /// Shared by all connections of a worker: none needs a buffer while nothing arrives.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BUFFER].into());
}

/// Calls the application with a payload that reads from the connection, and writes its response until either ends.
pub(crate) async fn serve_upgraded<S, B>(
    app: Rc<S>,
    mut request: Request,
    framed: Framed<ConnectionStream, Codec>,
) where
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
    let reader = UpgradedReader {
        connection: stream.connection().clone(),
        prefix: Bytes::copy_from_slice(&read_buf),
        yields: false,
    };
    drop(read_buf);
    *request.payload() = Payload::Stream {
        payload: Box::pin(reader),
    };
    // An error means that the peer is gone.
    let _ = match app.call(request).await {
        Ok(response) => ResponseWriter::write(stream, codec, response.into()).await,
        Err(error) => ResponseWriter::write(stream, codec, error.into()).await,
    };
}

/// The read half: a stream of the received bytes.
struct UpgradedReader {
    connection: Rc<Connection>,
    /// Received together with the request's head.
    prefix: Bytes,
    /// The last read filled the buffer: the next poll yields, which lets other connections run and limits how much a
    /// caller reads at once.
    yields: bool,
}

impl Stream for UpgradedReader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if !this.prefix.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.prefix))));
        }
        let tcp = this.connection.tcp();
        let Some(tcp) = tcp.filter(|_| this.connection.termination().is_none()) else {
            return Poll::Ready(None);
        };
        if std::mem::take(&mut this.yields) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            ready!(tcp.poll_read_ready(cx))?;
            let read = BUFFER.with_borrow_mut(|buffer| {
                let read = tcp.try_read(buffer)?;
                Ok(Bytes::copy_from_slice(&buffer[..read]))
            });
            match read {
                Ok(bytes) if bytes.is_empty() => return Poll::Ready(None),
                Ok(bytes) => {
                    this.yields = bytes.len() == READ_BUFFER;
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Err(error) if ErrorKind::WouldBlock == io::Error::kind(&error) => {}
                Err(error) => return Poll::Ready(Some(Err(PayloadError::Io(error)))),
            }
        }
    }
}

/// The write half: the response and its body.
struct ResponseWriter {
    stream: ConnectionStream,
    /// `None` once the protocol is switched: the body is then written unencoded.
    codec: Option<Codec>,
    buffer: Bytes,
    is_body_complete: bool,
}

impl ResponseWriter {
    async fn write<B: MessageBody>(
        stream: ConnectionStream,
        mut codec: Codec,
        response: Response<B>,
    ) -> io::Result<()> {
        let (mut response, body) = response.into_parts();
        let is_upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if !is_upgraded {
            // Received bytes may be of the other protocol.
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
        let mut head = BytesMut::new();
        let size = body.size();
        codec.encode(Message::Item((response, size)), &mut head)?;
        let mut writer = Self {
            stream,
            codec: (!is_upgraded).then_some(codec),
            buffer: head.freeze(),
            is_body_complete: matches!(size, BodySize::None | BodySize::Sized(0)),
        };
        let mut body = pin!(body);
        poll_fn(move |cx| writer.poll(cx, body.as_mut())).await
    }

    fn poll<B: MessageBody>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> Poll<io::Result<()>> {
        loop {
            self.fill_buffer(cx, body.as_mut())?;
            let mut stream = Pin::new(&mut self.stream);
            if self.buffer.is_empty() {
                ready!(stream.as_mut().poll_flush(cx))?;
                return match self.is_body_complete {
                    true => stream.poll_shutdown(cx),
                    false => Poll::Pending,
                };
            }
            match ready!(stream.poll_write(cx, &self.buffer))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                // Not `advance`: an empty slice would keep the allocation alive.
                written if written == self.buffer.len() => self.buffer = Bytes::new(),
                written => self.buffer.advance(written),
            }
        }
    }

    /// Takes the chunks that are ready. The body may assume that they are written: the same poll attempts it, and a
    /// failure to write everything is recorded in the [`Connection`].
    fn fill_buffer<B: MessageBody>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> io::Result<()> {
        while !self.is_body_complete && self.buffer.len() < WRITE_BUFFER {
            match body.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.append(bytes)?,
                Poll::Ready(Some(Err(_))) => return Err(ErrorKind::BrokenPipe.into()),
                Poll::Ready(None) => self.is_body_complete = true,
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn append(&mut self, chunk: Bytes) -> io::Result<()> {
        if self.buffer.is_empty() && self.codec.is_none() {
            self.buffer = chunk;
            return Ok(());
        }
        let mut buffer = BytesMut::from(std::mem::take(&mut self.buffer));
        match &mut self.codec {
            Some(codec) => codec.encode(Message::Chunk(Some(chunk)), &mut buffer)?,
            None => buffer.extend_from_slice(&chunk),
        }
        self.buffer = buffer.freeze();
        Ok(())
    }
}
