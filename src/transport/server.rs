//! HTTP over these connections: what `actix_web::HttpServer` does, with a stream of our own.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{Extensions, HttpService, KeepAlive, Request, Response};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service,
    map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server};
use actix_web::rt::net::TcpStream;
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use tokio::sync::OnceCell;

use super::Patience;
use super::lines::Lines;
use super::proxies::Proxies;
use super::strangers::Strangers;
use super::stream::Stream;
use super::upgrade::carry;

/// A closed connection may flush what is left for so long.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Threads for blocking work, per worker.
const BLOCKING_THREADS: usize = 32;

/// How a server is run.
#[derive(Clone)]
pub struct Options {
    /// Threads that serve; 0: one per core.
    pub workers: usize,
    /// How long what is under way may take when the server stops, in seconds.
    pub shutdown: u64,
    /// How long connections may take.
    pub patience: Patience,
    /// Who is counted by address.
    pub strangers: Arc<Strangers>,
    /// Peers that speak for others.
    pub proxies: Proxies,
    /// Header lines, each with its CRLF, of the responses that the application does not see: to requests that cannot be
    /// parsed, or that came too slowly.
    pub headers: String,
}

/// Serves HTTP/1.1 with what `factory` makes for each worker.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve<F, I, S, B>(listener: TcpListener, options: Options, factory: F) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response: Into<Response<B>>> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let mut builder = Server::build()
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .shutdown_timeout(options.shutdown)
        .disable_signals();
    if options.workers > 0 {
        builder = builder.workers(options.workers);
    }
    let stopping = builder.graceful_shutdown_signal();
    let address = listener.local_addr()?;
    let server = builder.listen("teahouse", listener, move || {
        let proxies = options.proxies.clone();
        let lines = Lines::open(options.patience, options.strangers.clone(), proxies);
        let headers: Rc<str> = options.headers.as_str().into();
        let stopping = stopping.clone();
        let app = factory()
            .into_factory()
            .map_err(|error: S::Error| error.into().error_response());
        let app = once(map_config(app, |()| AppConfig::default()));
        let upgraded = app.clone();
        let http = HttpService::build()
            .upgrade(fn_factory(move || {
                let app = upgraded();
                async move {
                    let app = app.await?;
                    Ok::<_, S::InitError>(fn_service(move |(request, framed)| {
                        let answer: LocalBoxFuture<'static, ()> =
                            Box::pin(carry(app.clone(), request, framed));
                        answer.map(Ok::<(), Infallible>)
                    }))
                }
            }))
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            // The sweep ends idle connections: this clock would also cut an answer that is still being taken.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::from_secs(options.patience.head.into()))
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .on_connect_ext(|stream: &Stream, data: &mut Extensions| {
                data.insert(stream.line().clone());
            })
            .h1(fn_factory(app));
        fn_service(move |tcp: TcpStream| {
            let peer = tcp.peer_addr().ok();
            let line = lines.add(peer.map(|peer| peer.ip()));
            let stream = Stream::new(tcp, line, headers.clone());
            async move { Ok((stream, peer)) }
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// A service that is made once, for all who ask for it.
fn once<F, R>(
    factory: F,
) -> impl Fn() -> LocalBoxFuture<'static, Result<Rc<F::Service>, F::InitError>> + Clone + 'static
where
    F: ServiceFactory<R, Config = ()> + 'static,
    F::Service: 'static,
    R: 'static,
{
    let (factory, service) = (Rc::new(factory), Rc::<OnceCell<Rc<F::Service>>>::default());
    move || {
        let (factory, service) = (factory.clone(), service.clone());
        Box::pin(async move {
            let made = service.get_or_try_init(|| factory.new_service(()).map_ok(Rc::new));
            made.await.cloned()
        })
    }
}
