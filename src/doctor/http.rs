//! HTTP client for the public address.

use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder};
use url::Url;

use crate::services::http_client;

pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Http {
    agent: Agent,
    pub(super) origin: String,
}

impl Http {
    pub(super) fn new(origin: &str) -> Self {
        Self {
            agent: http_client::build(TIMEOUT),
            origin: origin.to_owned(),
        }
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// The library's message, such as a refused connection, an invalid certificate or a timeout.
    pub(super) fn get(&self, path: &str, token: Option<&str>) -> Result<Response<Body>, String> {
        let request = self.agent.get(format!("{}{path}", self.origin));
        let request = match path {
            "/api/events" => request
                .header("accept", "text/event-stream")
                .header("accept-encoding", "gzip"),
            _ => request,
        };
        let response = authorized(request, token).call();
        response.map_err(|error| error.to_string())
    }

    /// Like [`Http::get`], with the whole body.
    pub(super) fn text(&self, path: &str) -> Result<Response<String>, String> {
        let (head, mut body) = self.get(path, None)?.into_parts();
        let text = body.read_to_string().map_err(|error| error.to_string())?;
        Ok(Response::from_parts(head, text))
    }

    pub(super) fn post(
        &self,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response<Body>, String> {
        let request = self.agent.post(format!("{}{path}", self.origin));
        let mut request = authorized(request, Some(token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send_empty().map_err(|error| error.to_string())
    }

    pub(super) fn websocket_url(&self) -> String {
        format!("{}/ws", self.origin.replacen("http", "ws", 1))
    }

    /// Returns the local address of a connection to the site.
    pub(super) fn local_address(&self) -> Option<IpAddr> {
        let url = Url::parse(&self.origin).ok()?;
        let port = url.port_or_known_default()?;
        let host = url.host_str()?.trim_matches(['[', ']']);
        let mut addresses = (host, port).to_socket_addrs().ok()?;
        let connection =
            addresses.find_map(|address| TcpStream::connect_timeout(&address, TIMEOUT).ok())?;
        Some(connection.local_addr().ok()?.ip().to_canonical())
    }
}

fn authorized<B>(request: RequestBuilder<B>, token: Option<&str>) -> RequestBuilder<B> {
    let user_agent = concat!("teahouse-doctor/", env!("CARGO_PKG_VERSION"));
    let request = request.header("user-agent", user_agent);
    match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
}

/// Returns the proxy's name from the `Server` header, which Teahouse itself does not send.
pub(super) fn proxy_name<T>(response: &Response<T>) -> String {
    let name = response.headers().get("server");
    let name = name.and_then(|name| name.to_str().ok());
    name.unwrap_or("the proxy").to_owned()
}
