//! The connections of one worker.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Patience;
use super::line::{Clock, Line, Place};
use super::proxies::Proxies;
use super::queue::Queue;
use super::strangers::Strangers;

/// An address with so many times as many strangers as may be sends no more people, but a flood.
const FLOOD: usize = 3;

/// See the module's description.
pub struct Lines {
    clock: Clock,
    patience: Patience,
    strangers: Arc<Strangers>,
    /// Their peers speak for others, who are counted by request.
    proxies: Proxies,
    lines: RefCell<Vec<Weak<Line>>>,
    /// Those that are counted, by address.
    queues: RefCell<HashMap<IpAddr, Rc<Queue>>>,
}

impl Lines {
    /// The worker's lines, swept once a second for as long as they are used.
    pub fn open(patience: Patience, strangers: Arc<Strangers>, proxies: Proxies) -> Rc<Self> {
        let lines = Rc::new(Self {
            clock: Rc::new(Cell::new(0)),
            patience,
            strangers,
            proxies,
            lines: RefCell::default(),
            queues: RefCell::default(),
        });
        actix_web::rt::spawn(sweep(Rc::downgrade(&lines)));
        lines
    }

    /// A line for a new connection. When its address has too many, the oldest of which nothing is being answered make
    /// room within a second: whoever has something to say says it at once. A flood does not get that second.
    pub fn add(&self, peer: Option<IpAddr>) -> Rc<Line> {
        let counted = peer.filter(|peer| !self.proxies.contain(*peer));
        let visit = counted.and_then(|peer| self.strangers.visit(peer));
        let place = visit.map(|visit| {
            let mut queues = self.queues.borrow_mut();
            let queue = queues.entry(visit.address()).or_default().clone();
            if visit.is_past(FLOOD) {
                queue.make_room();
            }
            Place { visit, queue }
        });
        let line = Line::new(self.clock.clone(), place);
        self.lines.borrow_mut().push(Rc::downgrade(&line));
        line
    }

    fn check(&self) {
        self.clock.set(self.clock.get() + 1);
        self.queues.borrow_mut().retain(|_, queue| {
            queue.trim();
            queue.tidy()
        });
        // Ending one may call others, so nothing is borrowed meanwhile.
        let lines = self.lines.take();
        let mut kept: Vec<Weak<Line>> = lines
            .into_iter()
            .filter(|line| match line.upgrade() {
                Some(line) => {
                    line.check(&self.patience);
                    true
                }
                None => false,
            })
            .collect();
        kept.append(&mut self.lines.borrow_mut());
        self.lines.replace(kept);
    }
}

async fn sweep(lines: Weak<Lines>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        match lines.upgrade() {
            Some(lines) => lines.check(),
            None => return,
        }
    }
}
