//! Counts a request's queries and its time spent waiting for the database. The SQL text is never read, because it may
//! contain private data.

use std::cell::Cell;
use std::time::Duration;

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};

thread_local! {
    static THREAD_QUERIES: Cell<u64> = const { Cell::new(0) };
}

tokio::task_local! {
    static REQUEST: RequestUsage;
}

/// A request's database usage so far.
#[derive(Default)]
struct RequestUsage {
    queries: Cell<u64>,
    waited: Cell<Duration>,
}

/// Counts the queries of connections opened from now on.
pub(in crate::models) fn install() {
    // Fails only when another thread sets the same instrumentation at the same time.
    let _ = set_default_instrumentation(|| {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                THREAD_QUERIES.set(THREAD_QUERIES.get() + 1);
            }
        }))
    });
}

/// Returns the number of this thread's queries so far.
pub(in crate::models) fn thread_queries() -> u64 {
    THREAD_QUERIES.get()
}

pub(in crate::models) fn add_queries(queries: u64) {
    let _ = REQUEST.try_with(|usage| usage.queries.set(usage.queries.get() + queries));
}

pub(in crate::models) fn add_wait(wait: Duration) {
    let _ = REQUEST.try_with(|usage| usage.waited.set(usage.waited.get() + wait));
}

/// Returns how long the current request has waited so far; zero outside of a request.
pub(in crate::models) fn waited() -> Duration {
    REQUEST
        .try_with(|usage| usage.waited.get())
        .unwrap_or_default()
}

/// Runs a request handler; returns its output and the number of its queries.
pub async fn count_queries<T>(handler: impl Future<Output = T>) -> (T, u64) {
    let handler = async {
        let output = handler.await;
        (output, REQUEST.with(|usage| usage.queries.get()))
    };
    REQUEST.scope(RequestUsage::default(), handler).await
}
