//! What a request needs of the database: how many queries, and how much of its time it waited for them. Queries are
//! counted, never looked into, because what is in them must not reach a log.

use std::cell::Cell;
use std::time::Duration;

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};

thread_local! {
    /// The queries of this thread so far.
    static ON_THREAD: Cell<u64> = const { Cell::new(0) };
}

tokio::task_local! {
    /// The request that this task answers.
    static OF_REQUEST: Spent;
}

/// What a request has spent so far.
#[derive(Default)]
struct Spent {
    queries: Cell<u64>,
    waited: Cell<Duration>,
}

/// Counts the queries of connections that are opened from now on.
pub(in crate::models) fn count_queries() {
    // It fails only when another thread is doing just the same.
    let _ = set_default_instrumentation(|| {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                ON_THREAD.set(ON_THREAD.get() + 1);
            }
        }))
    });
}

/// The queries of this thread so far.
pub(in crate::models) fn on_this_thread() -> u64 {
    ON_THREAD.get()
}

/// Adds queries to the request that this task answers, if it answers one.
pub(in crate::models) fn add(queries: u64) {
    let _ = OF_REQUEST.try_with(|spent| spent.queries.set(spent.queries.get() + queries));
}

/// Adds a wait to the request that this task answers, if it answers one.
pub(in crate::models) fn add_wait(wait: Duration) {
    let _ = OF_REQUEST.try_with(|spent| spent.waited.set(spent.waited.get() + wait));
}

/// How long the request that this task answers has waited so far; zero when it answers none.
pub(in crate::models) fn waited() -> Duration {
    OF_REQUEST
        .try_with(|spent| spent.waited.get())
        .unwrap_or_default()
}

/// Answers a request, and how many queries that needed.
pub async fn counting<T>(answer: impl Future<Output = T>) -> (T, u64) {
    let answer = async {
        let value = answer.await;
        (value, OF_REQUEST.with(|spent| spent.queries.get()))
    };
    OF_REQUEST.scope(Spent::default(), answer).await
}
