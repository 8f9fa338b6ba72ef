//! Polls pages and records statuses and response times.

use super::Person;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// The results of one path.
#[derive(Debug, Default, Clone)]
pub struct PollResult {
    /// Number of responses per status.
    pub statuses: BTreeMap<u16, usize>,
    /// The longest response time.
    pub slowest: Duration,
}

/// One task per path.
pub struct PagePoller {
    stop: Arc<AtomicBool>,
    tasks: Vec<(&'static str, JoinHandle<PollResult>)>,
}

impl PagePoller {
    /// Requests each of these paths repeatedly.
    pub fn start(person: &Person, paths: &[&'static str]) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let tasks = paths
            .iter()
            .map(|path| {
                (
                    *path,
                    tokio::spawn(poll(person.clone(), path, stop.clone())),
                )
            })
            .collect();
        Self { stop, tasks }
    }

    /// Stops and returns the results of each path.
    pub async fn stop(self) -> BTreeMap<&'static str, PollResult> {
        self.stop.store(true, Ordering::SeqCst);
        let mut result = BTreeMap::new();
        for (path, task) in self.tasks {
            result.insert(path, task.await.expect("no panic"));
        }
        result
    }
}

async fn poll(person: Person, path: &'static str, stop: Arc<AtomicBool>) -> PollResult {
    let mut result = PollResult::default();
    while !stop.load(Ordering::SeqCst) {
        let start = Instant::now();
        let status = person.get(path).await.status().as_u16();
        result.slowest = result.slowest.max(start.elapsed());
        *result.statuses.entry(status).or_default() += 1;
        sleep(Duration::from_millis(50)).await;
    }
    result
}
