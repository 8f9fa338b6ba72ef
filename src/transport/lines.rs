//! The connections of one worker.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Patience;
use super::line::{Clock, Line};
use super::proxies::Proxies;
use super::strangers::{Strangers, Visit};

/// See the module's description.
pub struct Lines {
    clock: Clock,
    patience: Patience,
    strangers: Arc<Strangers>,
    /// Their peers speak for others, who are counted by request.
    proxies: Proxies,
    lines: RefCell<Vec<Weak<Line>>>,
    /// Those that are counted, by address, oldest first.
    waiting: RefCell<HashMap<IpAddr, VecDeque<Weak<Line>>>>,
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
            waiting: RefCell::default(),
        });
        actix_web::rt::spawn(sweep(Rc::downgrade(&lines)));
        lines
    }

    /// A line for a new connection. When its address has too many already, the oldest one of which nothing is being
    /// answered makes room: whoever has something to say says it at once.
    pub fn add(&self, peer: Option<IpAddr>) -> Rc<Line> {
        let counted = peer.filter(|peer| !self.proxies.contain(*peer));
        let visit = counted.and_then(|peer| self.strangers.visit(peer));
        let place = visit.as_ref().map(Visit::address);
        let is_crowded = visit.as_ref().is_some_and(Visit::is_crowded);
        let line = Line::new(self.clock.clone(), visit);
        self.lines.borrow_mut().push(Rc::downgrade(&line));
        if let Some(address) = place {
            let mut waiting = self.waiting.borrow_mut();
            let queue = waiting.entry(address).or_default();
            if is_crowded {
                make_room(queue);
            }
            queue.push_back(Rc::downgrade(&line));
        }
        line
    }

    fn check(&self) {
        self.clock.set(self.clock.get() + 1);
        let is_stranger = |line: &Weak<Line>| line.upgrade().is_some_and(|line| line.is_stranger());
        self.waiting.borrow_mut().retain(|_, queue| {
            queue.retain(is_stranger);
            !queue.is_empty()
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

/// Ends the oldest that may be ended; the others keep their places.
fn make_room(queue: &mut VecDeque<Weak<Line>>) {
    for _ in 0..queue.len() {
        let Some(weak) = queue.pop_front() else {
            return;
        };
        match weak.upgrade().filter(|line| line.is_stranger()) {
            Some(line) if line.is_waiting() => return line.make_room(),
            Some(_) => queue.push_back(weak),
            None => {}
        }
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
