//! Somebody who looks at pages all the time, and at a watch.

use super::Person;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// What was seen at one address.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How often each status came.
    pub statuses: BTreeMap<u16, usize>,
    /// The longest that an answer took.
    pub slowest: Duration,
}

/// One visitor for each address.
pub struct Visits {
    stop: Arc<AtomicBool>,
    visitors: Vec<(&'static str, JoinHandle<Seen>)>,
}

impl Visits {
    /// This person asks for each of these again and again.
    pub fn start(person: &Person, paths: &[&'static str]) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let visitors = paths
            .iter()
            .map(|path| {
                (
                    *path,
                    tokio::spawn(visit(person.clone(), path, stop.clone())),
                )
            })
            .collect();
        Self { stop, visitors }
    }

    /// What each of them saw.
    pub async fn stop(self) -> BTreeMap<&'static str, Seen> {
        self.stop.store(true, Ordering::SeqCst);
        let mut seen = BTreeMap::new();
        for (path, visitor) in self.visitors {
            seen.insert(path, visitor.await.expect("no panic"));
        }
        seen
    }
}

async fn visit(person: Person, path: &'static str, stop: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::SeqCst) {
        let start = Instant::now();
        let status = person.get(path).await.status().as_u16();
        seen.slowest = seen.slowest.max(start.elapsed());
        *seen.statuses.entry(status).or_default() += 1;
        sleep(Duration::from_millis(50)).await;
    }
    seen
}
