//! The queue in front of the password hasher: strict priorities, and within one priority a round robin over addresses.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many priorities there are.
const PRIORITIES: usize = 3;

/// Who waits for a hash. A more urgent job always goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A signed-in person, or a browser that this account was used with before.
    Known,
    /// A sign-in from anywhere else.
    SignIn,
    /// A registration by a stranger.
    Registration,
}

/// On whose behalf a password is hashed.
#[derive(Debug, Clone, Copy)]
pub struct Requester {
    /// How urgent it is.
    pub priority: Priority,
    /// The IPv4 address or IPv6 /64 network that the request comes from; `None` exempts it from the limit per address.
    pub address: Option<IpAddr>,
}

/// A unit of work whose client may have given up meanwhile.
pub(super) trait Job: Send {
    /// Does the work, unless nobody waits for its result any more.
    fn run(self: Box<Self>);
    /// Whether nobody waits for its result any more.
    fn is_abandoned(&self) -> bool;
}

type BoxedJob = Box<dyn Job>;

/// A bounded priority queue of jobs, shared by the hashing threads.
///
/// One address cannot delay others by more than one job each: its jobs wait in a lane of their own, and lanes take turns.
pub(super) struct HashQueue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    levels: [Level; PRIORITIES],
    capacity: usize,
    per_address: usize,
    /// Threads that take a job at once.
    idle: usize,
    is_closed: bool,
}

/// The jobs of one priority: a lane for each address, the one whose turn is next at the front.
#[derive(Default)]
struct Level(VecDeque<Lane>);

struct Lane {
    address: Option<IpAddr>,
    jobs: VecDeque<BoxedJob>,
}

impl HashQueue {
    /// Holds at most `capacity` waiting jobs, and `per_address` of one address and priority.
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

    /// Appends a job. A full queue drops the newest job of the longest lane that is less urgent, or longer than the one
    /// of this job; the waiting client of a dropped job is refused.
    ///
    /// Returns whether the job was taken.
    pub(super) fn push(&self, requester: Requester, job: BoxedJob) -> bool {
        let taken = self.lock().push(requester, job);
        if taken {
            self.ready.notify_one();
        }
        taken
    }

    /// Blocks until a job is there; `None` once the queue is closed.
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
            let woken = self.ready.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// How many jobs wait.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
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

    /// Drops one job in favour of a new one, whose lane has `own` jobs so far.
    fn make_room(&mut self, level: usize, own: usize) -> bool {
        for less_urgent in (level + 1..PRIORITIES).rev() {
            if self.levels[less_urgent].drop_from_longest(0) {
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

    /// Drops the newest job of the longest lane with more than `least` jobs.
    fn drop_from_longest(&mut self, least: usize) -> bool {
        let longest = self.0.iter_mut().max_by_key(|lane| lane.jobs.len());
        let Some(lane) = longest.filter(|lane| lane.jobs.len() > least) else {
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

    struct Noted(u32, Arc<Mutex<Vec<u32>>>, Arc<AtomicBool>);

    impl Job for Noted {
        fn run(self: Box<Self>) {
            self.1.lock().expect("no panic").push(self.0);
        }
        fn is_abandoned(&self) -> bool {
            self.2.load(Ordering::Relaxed)
        }
    }

    /// A queue, what it has run, and whether its clients have given up.
    struct Bench(HashQueue, Arc<Mutex<Vec<u32>>>, Arc<AtomicBool>);

    impl Bench {
        fn new(capacity: usize, per_address: usize) -> Self {
            let queue = HashQueue::new(capacity, per_address);
            Self(queue, Arc::default(), Arc::default())
        }

        fn push(&self, priority: Priority, address: u8, n: u32) -> bool {
            let address = Some(IpAddr::from([203, 0, 113, address]));
            let job = Noted(n, self.1.clone(), self.2.clone());
            self.0.push(Requester { priority, address }, Box::new(job))
        }

        fn order(self) -> Vec<u32> {
            while self.0.len() > 0 {
                self.0.pop().expect("a job").run();
            }
            self.1.lock().expect("no panic").clone()
        }
    }

    use Priority::{Known, Registration, SignIn};

    #[test]
    fn urgent_jobs_go_first_and_addresses_take_turns() {
        let bench = Bench::new(100, 10);
        for n in 0..4 {
            assert!(bench.push(Registration, 1, n));
            assert!(bench.push(SignIn, 1, 10 + n));
        }
        assert!(bench.push(SignIn, 2, 20));
        assert!(bench.push(Known, 1, 30));
        assert_eq!(bench.order(), [30, 10, 20, 11, 12, 13, 0, 1, 2, 3]);
    }

    #[test]
    fn an_address_holds_no_more_than_its_share() {
        let bench = Bench::new(100, 2);
        let taken = (0..5).filter(|n| bench.push(SignIn, 1, *n)).count();
        assert_eq!(taken, 2);
        assert!(bench.push(Known, 1, 7), "another priority");
        assert!(bench.push(SignIn, 2, 8), "another address");
    }

    #[test]
    fn a_full_queue_drops_the_less_urgent_and_the_greedy() {
        let bench = Bench::new(3, 10);
        for n in 0..3 {
            assert!(bench.push(Registration, 1, n));
        }
        assert!(!bench.push(Registration, 1, 3), "nobody has more");
        assert!(bench.push(Registration, 2, 20), "one has three");
        assert!(bench.push(SignIn, 1, 10));
        assert!(bench.push(Known, 1, 30));
        assert!(bench.push(Known, 1, 31));
        assert!(!bench.push(Registration, 3, 40));
        assert_eq!(bench.order().len(), 3);
    }

    #[test]
    fn abandoned_jobs_make_room() {
        let bench = Bench::new(2, 2);
        assert!(bench.push(SignIn, 1, 0));
        assert!(bench.push(SignIn, 1, 1));
        assert!(!bench.push(SignIn, 1, 2));
        bench.2.store(true, Ordering::Relaxed);
        assert!(bench.push(SignIn, 1, 3));
        assert_eq!(bench.order(), [3]);
    }
}
