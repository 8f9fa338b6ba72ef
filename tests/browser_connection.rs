//! Reconnecting in Chromium: retry intervals, the connection bar, and events that trigger an immediate attempt.

use crate::browser::{expect_no_console_errors, server_and_ming};
use crate::support::{Browser, Person, Profile, Teahouse, until};
use serde_json::json;
use std::time::{Duration, Instant};

/// Speeds the window's timers up four times; `tries` holds the time of each connection attempt.
const FAST: &str = "window.tries = []; \
    const later = setTimeout; window.setTimeout = (run, pause, ...rest) => later(run, pause / 4, ...rest); \
    WebSocket = class extends WebSocket { constructor(...rest) { tries.push(Date.now()); super(...rest) } }; \
    const ask = fetch; window.fetch = (address, ...rest) => { if (address === '/readyz') tries.push(Date.now()); return ask(address, ...rest) }";
/// Maximum pause of a visible window plus a margin for a busy machine, in ms.
const LONGEST: i64 = 5_000 / 4 + 500;

async fn bar(browser: &Browser) -> String {
    let text = browser
        .script("return document.querySelector('#connection').innerText")
        .await;
    text.as_str().expect("text").to_owned()
}

async fn wait_for_bar(browser: &Browser, words: &[&str]) {
    until(&format!("the bar says {words:?}"), async || {
        let text = bar(browser).await;
        words.iter().all(|word| text.contains(word))
    })
    .await;
}

async fn set_offline(browser: &Browser, offline: bool) {
    let network =
        json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
    browser
        .cdp("Network.emulateNetworkConditions", network)
        .await;
}

async fn set_hidden(browser: &Browser, hidden: bool) {
    let script = format!(
        "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); document.dispatchEvent(new Event('visibilitychange'))"
    );
    browser.script(&script).await;
}

/// Waits for `count` attempts and asserts that no pause exceeded the maximum.
async fn expect_short_pauses(browser: &Browser, count: usize) {
    let script = "return [...tries, Date.now()]";
    loop {
        let times = browser.script(script).await;
        let times: Vec<i64> = times
            .as_array()
            .expect("times")
            .iter()
            .filter_map(serde_json::Value::as_i64)
            .collect();
        let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let all_match = gaps.iter().all(|gap| *gap <= LONGEST);
        assert!(all_match, "pauses between tries, in ms: {gaps:?}");
        if times.len() > count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnected_window_shows_it_retries_and_reconnects_at_once() {
    let (mut server, ming) = server_and_ming().await;
    ming.add_script_to_each_page(FAST).await;
    ming.visit_room("/").await;
    server.kill();
    ming.script("tries.length = 0").await;
    ming.find("#connection[data-state=reconnecting] [data-action=retry]")
        .await;
    wait_for_bar(
        &ming,
        &["Can’t reach Teahouse.", "Retrying in", "Retry now"],
    )
    .await;
    expect_short_pauses(&ming, 8).await;
    // The browser reports that it is offline.
    set_offline(&ming, true).await;
    wait_for_bar(&ming, &["You’re offline.", "Retry now"]).await;
    assert!(!bar(&ming).await.contains("Retrying in"));
    ming.check_accessibility("the bar without a network").await;
    set_offline(&ming, false).await;
    wait_for_bar(&ming, &["Can’t reach Teahouse."]).await;
    ming.check_accessibility("the bar without a server").await;
    // A hidden window retries rarely, so the next attempt is caused by the event under test.
    let quarter_minute = "const {textContent} = document.querySelector('#connection .status-bar-countdown'); return Number(textContent.match(/\\d+/)?.[0]) >= 12";
    for wakes in ["online", "visible", "button"] {
        set_hidden(&ming, true).await;
        ming.wait_until("it retries rarely", quarter_minute).await;
        let before = ming.script("return tries.length").await;
        if wakes == "button" {
            server.restart();
        }
        let start = Instant::now();
        match wakes {
            "online" => drop(ming.script("dispatchEvent(new Event('online'))").await),
            "visible" => set_hidden(&ming, false).await,
            _ => ming.retry_click("#connection [data-action=retry]").await,
        }
        let more = format!("return tries.length > {before}");
        ming.wait_until(&format!("{wakes} triggers an attempt"), &more)
            .await;
        let is_in_time = start.elapsed() < Duration::from_secs(1);
        assert!(is_in_time, "{wakes}: {:?}", start.elapsed());
    }
    ming.find("#connection[data-state=online]").await;
    ming.wait_until_connected().await;
    let focused = "return document.activeElement.id";
    assert_eq!(
        ming.script(focused).await,
        "composer-content",
        "the focus after the button is removed"
    );
    expect_no_console_errors(&[&ming]).await;
}

/// Opens a window of Ming's on another device while all connections are in use.
async fn window_over_the_limit(server: &Teahouse, ming: &Person) -> Browser {
    let window = Browser::open(server, Profile::English).await;
    window.visit("/login").await;
    window.sign_in(&ming.phone).await;
    window
        .find("#connection[data-state=crowded] [data-action=use-here]")
        .await;
    wait_for_bar(&window, &["You have too many windows open.", "Use here"]).await;
    window
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn window_over_the_connection_limit_waits_or_takes_over() {
    let server = Teahouse::configured("throttle.enabled=true socket.per_person=2");
    let ming = Person::register(&server, "Ming").await;
    let other = ming.socket().await;
    let hidden = Browser::signed_in(&server, &ming).await;
    let window = window_over_the_limit(&server, &ming).await;
    window.check_accessibility("one window too many").await;
    // A connection becomes free.
    drop(other);
    window.wait_until_connected().await;
    // It replaces the connection of the hidden window, not that of the older one.
    set_hidden(&hidden, true).await;
    let third = window_over_the_limit(&server, &ming).await;
    third
        .retry_click("#connection [data-action=use-here]")
        .await;
    third.wait_until_connected().await;
    hidden.find("#connection[data-state=replaced]").await;
    wait_for_bar(
        &hidden,
        &["Teahouse is open in another window.", "Use here"],
    )
    .await;
    set_hidden(&hidden, false).await;
    hidden
        .check_accessibility("a window whose connection was replaced")
        .await;
    window.wait_until_connected().await;
    ming.say("to all that are connected").await;
    for browser in [&window, &third] {
        browser.wait_for_message("to all that are connected").await;
    }
    assert!(hidden.texts().await.is_empty());
    // The first window takes it back and has missed nothing.
    set_hidden(&third, true).await;
    hidden
        .retry_click("#connection [data-action=use-here]")
        .await;
    hidden.wait_until_connected().await;
    hidden.wait_for_message("to all that are connected").await;
    third.find("#connection[data-state=replaced]").await;
    expect_no_console_errors(&[&hidden, &window, &third]).await;
}
