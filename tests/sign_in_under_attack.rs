//! An attack on registration and sign-in from one address does not slow down other addresses.

use crate::support::person::{PASSWORD, PRODUCTION_HASHES};
use crate::support::{Person, Teahouse, long_tests};
use reqwest::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 18;
const ATTACKER: &str = "203.0.113.66";
/// Upper limit of other clients' median during the attack, relative to the one before it.
const LIMIT: u32 = 3;
/// Extra factor for a debug build on a shared machine.
const DEBUG_FACTOR: u32 = 5;

struct Attack {
    is_over: Arc<AtomicBool>,
    answers: Arc<[AtomicUsize; 600]>,
    connections: JoinSet<()>,
}

impl Attack {
    /// Opens connections that register (two thirds) or guess passwords (one third) without pause.
    fn start(server: &Teahouse, phone: &str) -> Self {
        let mut attack = Self {
            is_over: Arc::default(),
            answers: Arc::new(std::array::from_fn(|_| AtomicUsize::new(0))),
            connections: JoinSet::new(),
        };
        for n in 0..CONNECTIONS {
            let (is_over, answers) = (attack.is_over.clone(), attack.answers.clone());
            let (url, phone) = (server.url.clone(), phone.to_owned());
            attack.connections.spawn(async move {
                let client = reqwest::Client::builder();
                let client = client.redirect(reqwest::redirect::Policy::none());
                let client = client.build().expect("a client");
                let mut round = 0;
                while !is_over.load(Ordering::Relaxed) {
                    round += 1;
                    let number = format!("+86139{:08}", n * 1_000_000 + round);
                    let (path, field, value) = match n % 3 {
                        0 => ("/register", "username", "Ming".into()),
                        1 => ("/register", "username", format!("attacker-{n}-{round}")),
                        _ => ("/login", "next", "/".into()),
                    };
                    let phone = if n % 3 < 2 { number } else { phone.clone() };
                    let password = "a wrong password".to_owned();
                    let form = [("phone", phone), (field, value), ("password", password)];
                    let request = client.post(format!("{url}{path}")).form(&form);
                    let request = request.header("x-forwarded-for", ATTACKER);
                    if let Ok(answer) = request.send().await {
                        let status = usize::from(answer.status().as_u16());
                        answers[status].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        attack
    }

    /// Ends the attack; returns the number of responses by status.
    async fn end(mut self) -> String {
        self.is_over.store(true, Ordering::Relaxed);
        while self.connections.join_next().await.is_some() {}
        let counts = self.answers.iter().enumerate();
        let counts = counts.map(|(status, count)| (status, count.load(Ordering::Relaxed)));
        let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        format!("{counts:?}")
    }
}

/// Median duration and number of sign-ins within `time`, each from an address of its own, alternately by a
/// trusted and by a new browser.
async fn sign_ins(server: &Teahouse, people: &[Person], time: Duration) -> (Duration, usize) {
    let (start, mut times) = (Instant::now(), Vec::new());
    let mut n = 0;
    while start.elapsed() < time || times.len() < 6 {
        n += 1;
        let person = &people[n % people.len()];
        let stranger = Person::visitor(server);
        let browser = if n % 2 == 0 { person } else { &stranger };
        let request = browser.request(Method::POST, "/login");
        let address = format!("198.51.100.{}", n % 250);
        let form = [("phone", person.phone.as_str()), ("password", PASSWORD)];
        let begin = Instant::now();
        let request = request.header("x-forwarded-for", address).form(&form);
        let answer = request.send().await.expect("a response");
        times.push(begin.elapsed());
        assert_eq!(answer.status(), 303, "a legitimate sign-in was rejected");
    }
    times.sort();
    (times[times.len() / 2], times.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_from_one_address_does_not_slow_down_sign_ins_from_others() {
    let (time, limit) = match long_tests() {
        true => (Duration::from_secs(20), LIMIT),
        false => (Duration::from_secs(2), LIMIT * DEBUG_FACTOR),
    };
    let server = Teahouse::with(&PRODUCTION_HASHES);
    let mut people = vec![Person::register(&server, "Ming").await];
    people.push(Person::register(&server, "Ana").await);
    for verification in ["false", "true"] {
        let server = server.second_server_with(&[
            ("TEAHOUSE__THROTTLE__ENABLED", "true"),
            ("TEAHOUSE__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
            ("TEAHOUSE__VERIFICATION__ENABLED", verification),
        ]);
        let people: Vec<_> = people.iter().map(|person| person.at(&server)).collect();
        let (quiet, before) = sign_ins(&server, &people, time / 2).await;
        let attack = Attack::start(&server, &people[0].phone);
        let (attacked, during) = sign_ins(&server, &people, time).await;
        let statuses = attack.end().await;
        println!(
            "verification {verification}: median {quiet:.1?} of {before}, under attack {attacked:.1?} of {during}; \
             the attacker got {statuses}"
        );
        assert!(attacked <= quiet * limit, "{attacked:?} and {quiet:?}");
    }
}
