//! The public address, asked as a browser would.

use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body, RequestBuilder};
use url::Url;

use crate::upstream;

/// Whoever needs longer does not answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A site.
pub(super) struct Http {
    agent: Agent,
    /// Scheme, host and port.
    pub(super) origin: String,
}

impl Http {
    pub(super) fn new(origin: &str) -> Self {
        Self {
            agent: upstream::agent(PATIENCE),
            origin: origin.to_owned(),
        }
    }

    /// # Errors
    /// In a library's words: nobody listens, the certificate is no good, no answer came in time.
    pub(super) fn get(&self, path: &str, token: Option<&str>) -> Result<Response<Body>, String> {
        let request = self.agent.get(format!("{}{path}", self.origin));
        let request = match path {
            "/api/events" => request
                .header("accept", "text/event-stream")
                .header("accept-encoding", "gzip"),
            _ => request,
        };
        let answer = with(request, token).call();
        answer.map_err(|error| error.to_string())
    }

    /// The same, with the whole text.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(super) fn text(&self, path: &str) -> Result<Response<String>, String> {
        let (head, mut body) = self.get(path, None)?.into_parts();
        let text = body.read_to_string().map_err(|error| error.to_string())?;
        Ok(Response::from_parts(head, text))
    }

    /// Posts nothing, with these headers.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(super) fn post(
        &self,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) -> Result<Response<Body>, String> {
        let mut request = with(
            self.agent.post(format!("{}{path}", self.origin)),
            Some(token),
        );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send_empty().map_err(|error| error.to_string())
    }

    /// The socket's address.
    pub(super) fn socket_url(&self) -> String {
        format!("{}/ws", self.origin.replacen("http", "ws", 1))
    }

    /// The address from which this machine comes to the site.
    pub(super) fn own_address(&self) -> Option<IpAddr> {
        let url = Url::parse(&self.origin).ok()?;
        let port = url.port_or_known_default()?;
        let host = url.host_str()?.trim_matches(['[', ']']);
        let mut addresses = (host, port).to_socket_addrs().ok()?;
        let reached =
            addresses.find_map(|address| TcpStream::connect_timeout(&address, PATIENCE).ok())?;
        Some(reached.local_addr().ok()?.ip().to_canonical())
    }
}

fn with<B>(request: RequestBuilder<B>, token: Option<&str>) -> RequestBuilder<B> {
    let agent = concat!("teahouse-doctor/", env!("CARGO_PKG_VERSION"));
    let request = request.header("user-agent", agent);
    match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
}

/// What stands in front of the program calls itself so; the program itself is silent about that.
pub(super) fn proxy<T>(answer: &Response<T>) -> String {
    let name = answer
        .headers()
        .get("server")
        .and_then(|name| name.to_str().ok());
    name.map_or_else(|| "it".to_owned(), str::to_owned)
}
