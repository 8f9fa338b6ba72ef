//! Prometheus metrics.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::error::{Error, Result};
use crate::realtime::writer::Writer;
use crate::services::password_hasher::PasswordHasher;

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Labels of a request counter. `route` is the pattern, so that the number of series is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    code: &'static str,
}

/// Registry of all metrics, and the HTTP counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    failures: Family<ErrorLabels, Counter>,
}

impl Metrics {
    /// Creates the registry; `register` adds the metrics of other components.
    pub fn new(register: impl FnOnce(&mut Registry)) -> Self {
        let durations: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(durations),
            failures: Family::default(),
        };
        let ours = metrics.registry.sub_registry_with_prefix("teahouse");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "Version of the server", build);
        ours.register("http_requests", "HTTP requests", metrics.requests.clone());
        ours.register(
            "http_request_seconds",
            "Time from request head to response head",
            metrics.durations.clone(),
        );
        ours.register(
            "http_errors",
            "HTTP error responses, by error code",
            metrics.failures.clone(),
        );
        register(ours);
        metrics
            .registry
            .register_collector(Box::new(Process::default()));
        metrics
    }

    /// Counts a request and its duration.
    pub(in crate::controllers) fn record_request(
        &self,
        method: &Method,
        route: Option<String>,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let route = route.unwrap_or_else(|| "-".to_owned());
        let duration = self.durations.get_or_create_owned(&RouteLabels {
            route: route.clone(),
        });
        duration.observe(elapsed.as_secs_f64());
        let (method, status) = (method_name(method), status_class(status));
        self.requests
            .get_or_create(&RequestLabels {
                method,
                route,
                status,
            })
            .inc();
    }

    /// Counts an error response.
    pub(in crate::controllers) fn record_error(&self, code: &'static str) {
        self.failures.get_or_create(&ErrorLabels { code }).inc();
    }

    /// Encodes all metrics in the OpenMetrics text format.
    pub(in crate::controllers) fn encode(&self) -> Result<String> {
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(Error::internal)?;
        Ok(text)
    }
}

/// Maps unknown methods to one label: clients can send any.
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

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Lengths of internal queues, read when the metrics are.
pub struct Queues {
    /// The queue of message writes.
    pub writer: Writer,
    /// The queue of password hashes.
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
                "Messages queued for the database",
                self.writer.queue_length(),
            ),
            (
                "password_hashes_running",
                "Password hashes in progress",
                running,
            ),
            ("password_hashes_waiting", "Password hashes queued", waiting),
        ];
        for (name, help, value) in queues {
            gauge(&mut encoder, name, help, value as f64)?;
        }
        Ok(())
    }
}

/// Resource usage of the process, under the standard names of Prometheus clients.
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
        let files = std::fs::read_dir("/proc/self/fd").ok();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let gauges = [
            (
                "process_start_time_seconds",
                "Start time, in seconds since 1970",
                Some(started.as_secs_f64()),
            ),
            (
                "process_resident_memory_bytes",
                "Resident memory",
                resident_bytes().map(|bytes| bytes as f64),
            ),
            (
                "process_open_fds",
                "Open file descriptors, including connections",
                files.map(|files| files.count() as f64),
            ),
            (
                "process_max_fds",
                "Maximum number of open file descriptors",
                limit.current.map(|max| max as f64),
            ),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                gauge(&mut encoder, name, help, value)?;
            }
        }
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let used = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
        let used = ConstCounter::new(used);
        let help = "CPU time used.";
        let encoder =
            encoder.encode_descriptor("process_cpu_seconds", help, None, used.metric_type())?;
        used.encode(encoder)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    let value = ConstGauge::new(value);
    // The registry also ends the help of its metrics with a full stop.
    let help = &format!("{help}.");
    let encoder = encoder.encode_descriptor(name, help, None, value.metric_type())?;
    value.encode(encoder)
}

/// Reads the resident memory, which Linux reports in pages.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
