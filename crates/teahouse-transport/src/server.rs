//! The HTTP server: like `actix_web::HttpServer`, over [`ConnectionStream`]s.

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

use crate::anonymous_limiter::AnonymousLimiter;
use crate::connection_table::ConnectionTable;
use crate::stream::ConnectionStream;
use crate::timeouts::Timeouts;
use crate::trusted_proxies::TrustedProxies;
use crate::upgraded::serve_upgraded;

/// Time in which a connection that is being closed may flush its buffers.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Threads per worker for blocking work.
const BLOCKING_THREADS: usize = 32;

/// How [`serve`] runs the server.
#[derive(Clone)]
pub struct ServerOptions {
    /// Worker threads; 0: one per core.
    pub workers: usize,
    /// Grace period for open connections when the server stops, in seconds.
    pub shutdown_seconds: u64,
    /// Time-outs of connections.
    pub timeouts: Timeouts,
    /// Counts anonymous connections.
    pub anonymous_limiter: Arc<AnonymousLimiter>,
    /// Peers whose connections carry requests of many clients.
    pub trusted_proxies: TrustedProxies,
    /// Header lines, each with its CRLF, for error responses that are sent without the application.
    pub error_headers: String,
}

/// Serves HTTP/1.1 on `listener`; `factory` makes each worker's application. A handler gets its connection from
/// `HttpRequest::conn_data::<Rc<Connection>>()`.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve<F, I, S, B>(
    listener: TcpListener,
    options: ServerOptions,
    factory: F,
) -> io::Result<Server>
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
        .shutdown_timeout(options.shutdown_seconds)
        .disable_signals();
    if options.workers > 0 {
        builder = builder.workers(options.workers);
    }
    let shutdown = builder.graceful_shutdown_signal();
    let address = listener.local_addr()?;
    let server = builder.listen("teahouse", listener, move || {
        let table = ConnectionTable::start(
            options.timeouts,
            options.anonymous_limiter.clone(),
            options.trusted_proxies.clone(),
        );
        let error_headers: Rc<str> = options.error_headers.as_str().into();
        let shutdown = shutdown.clone();
        let app = factory()
            .into_factory()
            .map_err(|error: S::Error| error.into().error_response());
        let app = shared(map_config(app, |()| AppConfig::default()));
        let upgraded_app = app.clone();
        let http = HttpService::build()
            .upgrade(fn_factory(move || {
                let app = upgraded_app();
                async move {
                    let app = app.await?;
                    Ok::<_, S::InitError>(fn_service(move |(request, framed)| {
                        let served: LocalBoxFuture<'static, ()> =
                            Box::pin(serve_upgraded(app.clone(), request, framed));
                        served.map(Ok::<(), Infallible>)
                    }))
                }
            }))
            .graceful_shutdown_signal(move || {
                let shutdown = shutdown.clone();
                async move { shutdown.notified().await }
            })
            // The sweep closes idle connections: actix-http's timer also cuts responses that are still being read.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::from_secs(options.timeouts.request_head.into()))
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .on_connect_ext(|stream: &ConnectionStream, data: &mut Extensions| {
                data.insert(stream.connection().clone());
            })
            .h1(fn_factory(app));
        fn_service(move |tcp: TcpStream| {
            let peer = tcp.peer_addr().ok();
            let connection = table.add(peer.map(|peer| peer.ip()));
            let stream = ConnectionStream::new(tcp, connection, error_headers.clone());
            async move { Ok((stream, peer)) }
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// Returns a factory that creates its service once and shares it.
fn shared<F, R>(
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
            let created = service.get_or_try_init(|| factory.new_service(()).map_ok(Rc::new));
            created.await.cloned()
        })
    }
}
