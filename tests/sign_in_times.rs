//! A failed sign-in reveals by neither its response nor its duration whether the number has an account.

use crate::support::{Person, Teahouse, long_tests, person::PRODUCTION_HASHES};
use reqwest::Response;
use std::collections::BTreeMap;
use std::time::Instant;

/// Samples of each kind. The test compares with the variation within one kind, which grows with fewer samples.
const QUICK: usize = 80;
const FULL: usize = 200;
const WARM_UP: usize = 10;

/// The status, headers without the date, and the body with the number replaced.
async fn response(answer: Response, phone: &str) -> (u16, BTreeMap<String, String>, String) {
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

/// Median of durations in milliseconds.
fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Difference between the medians of two random halves of the samples, in milliseconds: (median, maximum). Of
/// two neighbours one is in each half, so both halves were measured under the same load.
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
async fn unknown_number_and_wrong_password_have_equal_responses_and_durations() {
    let rounds = if long_tests() { FULL } else { QUICK };
    let server = Teahouse::with(&PRODUCTION_HASHES);
    let ming = Person::register(&server, "Ming").await;
    let (visitor, unknown) = (Person::visitor(&server), Person::visitor(&server).phone);
    let (mut known_times, mut unknown_times) = (Vec::new(), Vec::new());
    let mut answers = Vec::new();
    for round in 0..rounds + WARM_UP {
        // The order alternates.
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
                match is_known {
                    true => known_times.push(took),
                    false => unknown_times.push(took),
                }
            }
            answers.push(response(answer, phone).await);
        }
    }
    assert_eq!(answers[0].0, 422);
    let is_equal = answers.iter().all(|answer| *answer == answers[0]);
    assert!(is_equal, "the responses differ");
    let (typical, largest) = between_halves(&known_times);
    let (known, unknown) = (median(&known_times), median(&unknown_times));
    let difference = (known - unknown).abs();
    println!(
        "{rounds} each: known {known:.2} ms, unknown {unknown:.2} ms, difference {difference:.2} ms; halves of the \
         known differ by {typical:.2} ms, at most {largest:.2} ms"
    );
    // A response takes tens of milliseconds; without the dummy hash it would take one or two. The samples are
    // halved in many ways because one pair may be equal by chance.
    assert!(difference <= largest, "{difference} ms");
}
