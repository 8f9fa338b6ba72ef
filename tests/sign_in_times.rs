//! Whether a number has an account cannot be told by how signing in fails.

use crate::support::{Person, Teahouse, long_tests};
use reqwest::Response;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Headers but the date, and the body with a mark where the number was typed.
async fn told(answer: Response, phone: &str) -> (u16, BTreeMap<String, String>, String) {
    let status = answer.status().as_u16();
    let headers = answer.headers().iter().filter(|(name, _)| *name != "date");
    let text = |value: &reqwest::header::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    };
    let headers = headers
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let body = answer.text().await.expect("text");
    assert!(body.contains(phone));
    (status, headers, body.replace(phone, "NUMBER"))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

#[tokio::test]
async fn an_unknown_number_is_answered_like_a_wrong_password_in_what_and_when() {
    let house = Teahouse::start();
    let ming = Person::register(&house, "Ming").await;
    let (visitor, unknown) = (Person::visitor(&house), Person::visitor(&house).phone);
    let rounds = if long_tests() { 200 } else { 100 };
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    let mut answers = Vec::new();
    for round in 0..rounds + 10 {
        // Which one comes first alternates too.
        let mut order = [(&ming.phone, true), (&unknown, false)];
        if round % 2 == 1 {
            order.reverse();
        }
        for (phone, is_known) in order {
            let form = [("phone", phone.as_str()), ("password", "not the password")];
            let start = Instant::now();
            let answer = visitor.post("/login", &form).await;
            let took = start.elapsed();
            if round >= 10 {
                if is_known {
                    known_times.push(took)
                } else {
                    unknown_times.push(took)
                }
            }
            answers.push(told(answer, phone).await);
        }
    }
    assert_eq!(answers[0].0, 422);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "all say the same"
    );
    // Both halves with as many that came first as that came second.
    let half = |which| {
        let rounds = known_times.iter().copied().enumerate();
        let its = rounds.filter(|(round, _)| round / 2 % 2 == which);
        median(its.map(|(_, time)| time).collect())
    };
    let halves = (half(0) - half(1)).abs();
    let (known, unknown) = (median(known_times), median(unknown_times));
    let difference = (known - unknown).abs();
    println!(
        "{rounds} each, interleaved: known {known:.2} ms, unknown {unknown:.2} ms, difference {difference:.2} ms; \
         two halves of the known ones differ by {halves:.2} ms"
    );
    // An answer takes tens of milliseconds; without the comparison it would take one or two.
    assert!(
        difference <= 5.0 * halves.max(0.05 * known),
        "{difference} ms"
    );
}
