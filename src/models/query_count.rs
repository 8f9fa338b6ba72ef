//! How many queries something needs: counted, never looked into, because what is in them must not reach a log.

use std::cell::Cell;

use diesel::connection::{InstrumentationEvent, set_default_instrumentation};

thread_local! {
    /// The queries of this thread so far.
    static ON_THREAD: Cell<u64> = const { Cell::new(0) };
}

tokio::task_local! {
    /// The queries of the request that this task answers.
    static OF_REQUEST: Cell<u64>;
}

/// Counts the queries of connections that are opened from now on.
pub(super) fn count_queries() {
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
pub(super) fn on_this_thread() -> u64 {
    ON_THREAD.get()
}

/// Adds queries to the request that this task answers, if it answers one.
pub(super) fn add(queries: u64) {
    let _ = OF_REQUEST.try_with(|count| count.set(count.get() + queries));
}

/// Answers a request, and how many queries that needed.
pub async fn counting<T>(answer: impl Future<Output = T>) -> (T, u64) {
    let answer = async {
        let value = answer.await;
        (value, OF_REQUEST.with(Cell::get))
    };
    OF_REQUEST.scope(Cell::new(0), answer).await
}
