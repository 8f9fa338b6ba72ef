//! What comes in over an upgraded connection, read when somebody asks for it.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_http::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

use super::line::Line;

/// So much is read at once.
const READ: usize = 16 * 1024;

thread_local! {
    /// All connections of a worker read into this, one after the other: none needs a buffer while nothing comes.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// See the module's description. It ends with the connection, which somebody else keeps.
pub(super) struct Inlet {
    line: Rc<Line>,
    /// What came along with the request's head.
    early: Bytes,
    /// The last read filled the buffer: others come first, and whoever reads does not gather without end.
    is_resting: bool,
}

impl Inlet {
    pub(super) fn new(line: Rc<Line>, early: Bytes) -> Self {
        Self {
            line,
            early,
            is_resting: false,
        }
    }
}

impl Stream for Inlet {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if !this.early.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.early))));
        }
        let tcp = this.line.tcp();
        let Some(tcp) = tcp.filter(|_| this.line.ending().is_none()) else {
            return Poll::Ready(None);
        };
        if std::mem::take(&mut this.is_resting) {
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
                    this.is_resting = bytes.len() == READ;
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Err(error) if ErrorKind::WouldBlock == std::io::Error::kind(&error) => {}
                Err(error) => return Poll::Ready(Some(Err(PayloadError::Io(error)))),
            }
        }
    }
}
