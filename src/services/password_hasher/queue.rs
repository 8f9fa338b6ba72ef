//! The password hasher's job queue: strict priorities, and round robin over addresses within one priority.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

const PRIORITIES: usize = 3;

/// Priority of a job. Jobs of a higher priority always run first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A signed-in user, or a sign-in from a browser that the account was used with before.
    Trusted,
    /// Any other sign-in.
    SignIn,
    /// A registration.
    Registration,
}

/// The request that a job belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Requester {
    /// Priority of the job.
    pub priority: Priority,
    /// The IPv4 address or IPv6 /64 network that the request comes from; `None` exempts it from the limit per address.
    pub address: Option<IpAddr>,
}

/// A unit of work whose request may have been cancelled.
pub(super) trait Job: Send {
    /// Does the work, unless it is abandoned.
    fn run(self: Box<Self>);
    /// Returns whether the request was cancelled.
    fn is_abandoned(&self) -> bool;
}

type BoxedJob = Box<dyn Job>;

/// A bounded priority queue of jobs, shared by the hashing threads.
///
/// Jobs of one address wait in a lane of their own and lanes take turns, so an address delays each job of another one by
/// at most one job.
pub(super) struct HashQueue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    levels: [Level; PRIORITIES],
    capacity: usize,
    per_address: usize,
    /// Number of threads waiting for a job.
    idle: usize,
    is_closed: bool,
}

/// The jobs of one priority: a lane per address, in the order of their turns.
#[derive(Default)]
struct Level(VecDeque<Lane>);

struct Lane {
    address: Option<IpAddr>,
    jobs: VecDeque<BoxedJob>,
}

impl HashQueue {
    /// Creates a queue of at most `capacity` waiting jobs, and `per_address` of one address and priority.
    pub(super) fn new(capacity: usize, per_address: usize) -> Self {
        Self {
            state: Mutex::new(State {
                capacity,
                per_address,
                ..State::default()
            }),
            ready: Condvar::new(),
        }
    }

    /// Appends a job and returns whether it was accepted. A full queue drops the newest job of the longest lane of a lower
    /// priority, or else of the longest lane of the same priority if that is longer than the job's own.
    pub(super) fn push(&self, requester: Requester, job: BoxedJob) -> bool {
        let is_accepted = self.lock().push(requester, job);
        if is_accepted {
            self.ready.notify_one();
        }
        is_accepted
    }

    /// Blocks until a job is available. Returns `None` once the queue is closed.
    pub(super) fn pop(&self) -> Option<BoxedJob> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.pop() {
                return Some(job);
            }
            state.idle += 1;
            let locked = self.ready.wait(state);
            state = locked.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Returns the number of threads waiting for a job, and of waiting jobs.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.idle, state.len())
    }

    /// Ends the threads that wait in [`Self::pop`].
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.ready.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, requester: Requester, job: BoxedJob) -> bool {
        let level = requester.priority as usize;
        let share = requester.address.map_or(usize::MAX, |_| self.per_address);
        if self.levels[level].waiting(requester.address) >= share || self.is_full() {
            self.levels.iter_mut().for_each(Level::drop_abandoned);
        }
        let own = self.levels[level].waiting(requester.address);
        if own >= share || (self.is_full() && !self.make_room(level, own)) {
            return false;
        }
        self.levels[level].push(requester.address, job);
        true
    }

    /// Drops one job in favour of a new one whose lane has `own` jobs.
    fn make_room(&mut self, level: usize, own: usize) -> bool {
        for lower in (level + 1..PRIORITIES).rev() {
            if self.levels[lower].drop_from_longest(0) {
                return true;
            }
        }
        self.levels[level].drop_from_longest(own + 1)
    }

    fn pop(&mut self) -> Option<BoxedJob> {
        self.levels.iter_mut().find_map(Level::pop)
    }

    fn is_full(&self) -> bool {
        self.len() >= self.capacity + self.idle
    }

    fn len(&self) -> usize {
        let lanes = self.levels.iter().flat_map(|level| &level.0);
        lanes.map(|lane| lane.jobs.len()).sum()
    }
}

impl Level {
    fn waiting(&self, address: Option<IpAddr>) -> usize {
        let lane = self.0.iter().find(|lane| lane.address == address);
        lane.map_or(0, |lane| lane.jobs.len())
    }

    fn push(&mut self, address: Option<IpAddr>, job: BoxedJob) {
        match self.0.iter_mut().find(|lane| lane.address == address) {
            Some(lane) => lane.jobs.push_back(job),
            None => self.0.push_back(Lane {
                address,
                jobs: VecDeque::from([job]),
            }),
        }
    }

    fn pop(&mut self) -> Option<BoxedJob> {
        let mut lane = self.0.pop_front()?;
        let job = lane.jobs.pop_front();
        if !lane.jobs.is_empty() {
            self.0.push_back(lane);
        }
        job
    }

    /// Drops the newest job of the longest lane if it has more than `min` jobs.
    fn drop_from_longest(&mut self, min: usize) -> bool {
        let longest = self.0.iter_mut().max_by_key(|lane| lane.jobs.len());
        let Some(lane) = longest.filter(|lane| lane.jobs.len() > min) else {
            return false;
        };
        lane.jobs.pop_back();
        self.0.retain(|lane| !lane.jobs.is_empty());
        true
    }

    fn drop_abandoned(&mut self) {
        for lane in &mut self.0 {
            lane.jobs.retain(|job| !job.is_abandoned());
        }
        self.0.retain(|lane| !lane.jobs.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    struct RecordedJob(u32, Arc<Mutex<Vec<u32>>>, Arc<AtomicBool>);

    impl Job for RecordedJob {
        fn run(self: Box<Self>) {
            self.1.lock().expect("no panic").push(self.0);
        }
        fn is_abandoned(&self) -> bool {
            self.2.load(Ordering::Relaxed)
        }
    }

    /// A queue, the numbers of the jobs it ran, and whether all jobs are abandoned.
    struct Fixture(HashQueue, Arc<Mutex<Vec<u32>>>, Arc<AtomicBool>);

    impl Fixture {
        fn new(capacity: usize, per_address: usize) -> Self {
            let queue = HashQueue::new(capacity, per_address);
            Self(queue, Arc::default(), Arc::default())
        }

        fn push(&self, priority: Priority, address: u8, n: u32) -> bool {
            let address = Some(IpAddr::from([203, 0, 113, address]));
            let job = RecordedJob(n, self.1.clone(), self.2.clone());
            self.0.push(Requester { priority, address }, Box::new(job))
        }

        fn order(self) -> Vec<u32> {
            while self.0.load().1 > 0 {
                self.0.pop().expect("a job").run();
            }
            self.1.lock().expect("no panic").clone()
        }
    }

    use Priority::{Registration, SignIn, Trusted};

    #[test]
    fn priorities_are_strict_and_addresses_take_turns() {
        let fixture = Fixture::new(100, 10);
        for n in 0..4 {
            assert!(fixture.push(Registration, 1, n));
            assert!(fixture.push(SignIn, 1, 10 + n));
        }
        assert!(fixture.push(SignIn, 2, 20));
        assert!(fixture.push(Trusted, 1, 30));
        assert_eq!(fixture.order(), [30, 10, 20, 11, 12, 13, 0, 1, 2, 3]);
    }

    #[test]
    fn address_is_limited_per_priority() {
        let fixture = Fixture::new(100, 2);
        let taken = (0..5).filter(|n| fixture.push(SignIn, 1, *n)).count();
        assert_eq!(taken, 2);
        assert!(fixture.push(Trusted, 1, 7), "another priority");
        assert!(fixture.push(SignIn, 2, 8), "another address");
    }

    #[test]
    fn full_queue_drops_lower_priorities_and_longer_lanes() {
        let fixture = Fixture::new(3, 10);
        for n in 0..3 {
            assert!(fixture.push(Registration, 1, n));
        }
        assert!(!fixture.push(Registration, 1, 3), "no lane is longer");
        assert!(fixture.push(Registration, 2, 20), "one lane has three jobs");
        assert!(fixture.push(SignIn, 1, 10));
        assert!(fixture.push(Trusted, 1, 30));
        assert!(fixture.push(Trusted, 1, 31));
        assert!(!fixture.push(Registration, 3, 40));
        assert_eq!(fixture.order().len(), 3);
    }

    #[test]
    fn abandoned_jobs_are_dropped_from_a_full_queue() {
        let fixture = Fixture::new(2, 2);
        assert!(fixture.push(SignIn, 1, 0));
        assert!(fixture.push(SignIn, 1, 1));
        assert!(!fixture.push(SignIn, 1, 2));
        fixture.2.store(true, Ordering::Relaxed);
        assert!(fixture.push(SignIn, 1, 3));
        assert_eq!(fixture.order(), [3]);
    }
}
