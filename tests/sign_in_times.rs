//! Whether a number has an account cannot be told by how signing in fails.

use crate::support::{Person, Teahouse, long_tests, person::PRODUCTION_HASHES};
use reqwest::Response;
use std::collections::BTreeMap;
use std::time::Instant;

/// So many of each kind: what is compared is how they differ among themselves, which grows with fewer.
const QUICK: usize = 80;
const FULL: usize = 200;
const WARM_UP: usize = 10;

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

/// In milliseconds.
fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// How far the medians of two halves of the same lie apart, however they are halved: as a rule, and at most. Of two
/// neighbours one is in each half, so both were measured while the machine was equally busy.
fn between_halves(times: &[f64]) -> (f64, f64) {
    let mut differences: Vec<f64> = (0..400)
        .map(|_| {
            let pairs = times.chunks_exact(2);
            let (one, other): (Vec<f64>, Vec<f64>) = pairs
                .map(|pair| match rand::random() {
                    true => (pair[0], pair[1]),
                    false => (pair[1], pair[0]),
                })
                .unzip();
            (median(&one) - median(&other)).abs()
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    (median(&differences), differences[differences.len() - 1])
}

#[tokio::test]
async fn an_unknown_number_is_answered_like_a_wrong_password_in_what_and_when() {
    let rounds = if long_tests() { FULL } else { QUICK };
    let server = Teahouse::with(&PRODUCTION_HASHES);
    let ming = Person::register(&server, "Ming").await;
    let (visitor, unknown) = (Person::visitor(&server), Person::visitor(&server).phone);
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    let mut answers = Vec::new();
    for round in 0..rounds + WARM_UP {
        // Which one comes first alternates too.
        let mut order = [(&ming.phone, true), (&unknown, false)];
        if round % 2 == 1 {
            order.reverse();
        }
        for (phone, is_known) in order {
            let form = [("phone", phone.as_str()), ("password", "not the password")];
            let start = Instant::now();
            let answer = visitor.post("/login", &form).await;
            let took = start.elapsed().as_secs_f64() * 1000.0;
            if round >= WARM_UP {
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
    let (typical, largest) = between_halves(&known_times);
    let (known, unknown) = (median(&known_times), median(&unknown_times));
    let difference = (known - unknown).abs();
    println!(
        "{rounds} each, interleaved: known {known:.2} ms, unknown {unknown:.2} ms, difference {difference:.2} ms; \
         two halves of the known ones differ by {typical:.2} ms as a rule, by {largest:.2} ms at most"
    );
    // An answer takes tens of milliseconds; without the comparison it would take one or two. One pair of halves may be
    // alike by chance, so they are halved in many ways.
    assert!(difference <= largest, "{difference} ms");
}
