//! What the program counts about itself, as Prometheus reads it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::controllers::App;
use crate::controllers::extractors::client_address::is_loopback;
use crate::controllers::extractors::current_user::token;
use crate::error::{Error, Result};
use crate::models::auth::session::KeyHash;
use crate::realtime::writer::Writer;
use crate::services::password_hasher::PasswordHasher;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Seconds.
const SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Method and pattern of a route, and how it went. Never what is in an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    code: &'static str,
}

/// Everything that is counted, wherever it is.
pub struct Metrics {
    registry: Registry,
    /// Besides this machine, whoever has this may look.
    token: Option<KeyHash>,
    requests: Family<Asked, Counter>,
    durations: Family<Route, Histogram, fn() -> Histogram>,
    failures: Family<Failure, Counter>,
}

impl Metrics {
    /// With a token, others than this machine may look too; `register` names what other parts count.
    pub fn new(token: &str, register: impl FnOnce(&mut Registry)) -> Self {
        let durations: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::default(),
            token: (!token.is_empty()).then(|| KeyHash::of(token)),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            failures: Family::default(),
        };
        let ours = metrics.registry.sub_registry_with_prefix("teahouse");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "Which program this is", build);
        ours.register(
            "http_requests",
            "Requests answered",
            metrics.requests.clone(),
        );
        ours.register(
            "http_request_seconds",
            "From a request's head to its answer's",
            metrics.durations.clone(),
        );
        ours.register(
            "http_errors",
            "Requests that failed",
            metrics.failures.clone(),
        );
        register(ours);
        metrics
            .registry
            .register_collector(Box::new(Process::default()));
        metrics
    }

    /// A request was answered.
    pub(in crate::controllers) fn answered(
        &self,
        method: &Method,
        route: Option<String>,
        status: StatusCode,
        after: Duration,
    ) {
        let route = route.unwrap_or_else(|| "-".to_owned());
        let duration = self.durations.get_or_create_owned(&Route {
            route: route.clone(),
        });
        duration.observe(after.as_secs_f64());
        let (method, status) = (method_name(method), class(status));
        self.requests
            .get_or_create(&Asked {
                method,
                route,
                status,
            })
            .inc();
    }

    /// A request failed, with this code.
    pub(in crate::controllers) fn failed(&self, code: &'static str) {
        self.failures.get_or_create(&Failure { code }).inc();
    }

    fn may_look(&self, request: &HttpRequest) -> bool {
        let given = token(request).map(|token| KeyHash::of(&token));
        is_loopback(request) || (given.is_some() && given == self.token)
    }
}

/// `GET /metrics`: for this machine itself, or with the token from the settings.
pub async fn show(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    if !app.metrics.may_look(&request) {
        return Err(Error::NotFound);
    }
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry).map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, TEXT))
        .body(text))
}

/// Anybody can invent methods.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// What waits inside the program, looked at when somebody asks.
pub struct Queues {
    /// Messages on their way into the database.
    pub writer: Writer,
    /// Passwords.
    pub hasher: PasswordHasher,
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queues")
    }
}

impl Collector for Queues {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (running, waiting) = self.hasher.load();
        let queues = [
            (
                "writes_waiting",
                "Messages that wait for the database",
                self.writer.queue_length(),
            ),
            (
                "password_hashes_running",
                "Passwords that are being hashed",
                running,
            ),
            (
                "password_hashes_waiting",
                "Sign-ins that wait for that",
                waiting,
            ),
        ];
        for (name, help, value) in queues {
            gauge(&mut encoder, name, help, value as f64)?;
        }
        Ok(())
    }
}

/// The process as the machine sees it, under the names that every program uses.
#[derive(Debug)]
struct Process {
    started: SystemTime,
}

impl Default for Process {
    fn default() -> Self {
        let started = SystemTime::now();
        Self { started }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let started = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        gauge(
            &mut encoder,
            "process_start_time_seconds",
            "When it started, since 1970",
            started.as_secs_f64(),
        )?;
        if let Some(bytes) = resident_bytes() {
            gauge(
                &mut encoder,
                "process_resident_memory_bytes",
                "Memory in use",
                bytes as f64,
            )?;
        }
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            gauge(
                &mut encoder,
                "process_open_fds",
                "Open files, connections among them",
                files.count() as f64,
            )?;
        }
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        if let Some(most) = limit.current {
            gauge(
                &mut encoder,
                "process_max_fds",
                "Files that may be open",
                most as f64,
            )?;
        }
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let used = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
        let used = ConstCounter::new(used);
        let help = "Processor time used.";
        let place =
            encoder.encode_descriptor("process_cpu_seconds", help, None, used.metric_type())?;
        used.encode(place)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    let value = ConstGauge::new(value);
    // As the registry ends its own.
    let help = &format!("{help}.");
    let place = encoder.encode_descriptor(name, help, None, value.metric_type())?;
    value.encode(place)
}

/// Linux says it in pages.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
