//! A window's way back to the server, in Chromium: how often it tries, what it says meanwhile, and what makes it try at once.

use crate::browser::{MING, nothing_to_complain_about};
use crate::support::{Browser, Person, Profile, Teahouse, eventually};
use serde_json::json;
use std::time::{Duration, Instant};

/// The window's timers run four times as fast, and `tries` has the time of each attempt to reach the server.
const FAST: &str = "window.tries = []; \
    const later = setTimeout; window.setTimeout = (run, pause, ...rest) => later(run, pause / 4, ...rest); \
    WebSocket = class extends WebSocket { constructor(...rest) { tries.push(Date.now()); super(...rest) } }; \
    const ask = fetch; window.fetch = (address, ...rest) => { if (address === '/readyz') tries.push(Date.now()); return ask(address, ...rest) }";
/// The longest pause of a visible window, and what a busy machine adds, in milliseconds.
const LONGEST: i64 = 5_000 / 4 + 500;

async fn bar(browser: &Browser) -> String {
    let text = browser
        .script("return document.querySelector('#connection').innerText")
        .await;
    text.as_str().expect("text").to_owned()
}

async fn bar_says(browser: &Browser, words: &[&str]) {
    eventually(&format!("the bar says {words:?}"), || async {
        let text = bar(browser).await;
        words.iter().all(|word| text.contains(word)).then_some(())
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

/// Waits until there were so many tries, and asserts that none was longer in coming than it may be.
async fn tries_without_long_pauses(browser: &Browser, count: usize) {
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
        assert!(
            gaps.iter().all(|gap| *gap <= LONGEST),
            "pauses between tries, in ms: {gaps:?}"
        );
        if times.len() > count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_without_the_server_tries_often_says_so_and_returns_at_once() {
    let mut house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming.runs_in_each_page(FAST).await;
    ming.visit("/").await;
    ming.connected().await;
    house.kill9();
    ming.script("tries.length = 0").await;
    ming.find("#connection[data-state=reconnecting] [data-action=retry]")
        .await;
    bar_says(
        &ming,
        &["Can’t reach Teahouse.", "Retrying in", "Retry now"],
    )
    .await;
    tries_without_long_pauses(&ming, 8).await;
    // What the browser knows of its network.
    set_offline(&ming, true).await;
    bar_says(&ming, &["You’re offline.", "Retry now"]).await;
    assert!(!bar(&ming).await.contains("Retrying in"));
    ming.suits_everybody("the bar without a network").await;
    set_offline(&ming, false).await;
    bar_says(&ming, &["Can’t reach Teahouse."]).await;
    ming.suits_everybody("the bar without a server").await;
    // Hidden, it has time: so what follows is not luck.
    let quarter_minute = "const {textContent} = document.querySelector('#connection .status-bar-countdown'); return Number(textContent.match(/\\d+/)?.[0]) >= 12";
    for wakes in ["online", "visible", "button"] {
        set_hidden(&ming, true).await;
        ming.until("it tries seldom", quarter_minute).await;
        let before = ming.script("return tries.length").await;
        if wakes == "button" {
            house.start_again();
        }
        let asked = Instant::now();
        match wakes {
            "online" => drop(ming.script("dispatchEvent(new Event('online'))").await),
            "visible" => set_hidden(&ming, false).await,
            _ => ming.press("#connection [data-action=retry]").await,
        }
        let more = format!("return tries.length > {before}");
        ming.until(&format!("{wakes} makes it try"), &more).await;
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{wakes}: {:?}",
            asked.elapsed()
        );
    }
    ming.find("#connection[data-state=online]").await;
    ming.connected().await;
    let focused = "return document.activeElement.id";
    assert_eq!(
        ming.script(focused).await,
        "composer-content",
        "the focus when the button is gone"
    );
    nothing_to_complain_about(&[&ming]).await;
}

/// Ming's window on another device, which finds no place.
async fn window_without_a_place(house: &Teahouse, ming: &Person) -> Browser {
    let window = Browser::open(house, Profile::English).await;
    window.look_at().await;
    window.visit("/login").await;
    window.sign_in(&ming.phone).await;
    window
        .find("#connection[data-state=crowded] [data-action=use-here]")
        .await;
    bar_says(&window, &["You have too many windows open.", "Use here"]).await;
    window
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_window_too_many_says_so_waits_for_a_place_or_takes_one() {
    let house = Teahouse::with(&[
        ("TEAHOUSE__THROTTLE__ENABLED", "true"),
        ("TEAHOUSE__SOCKET__PER_PERSON", "2"),
    ]);
    let ming = Person::register(&house, "Ming").await;
    let other = ming.socket().await;
    let hidden = Browser::of(&house, &ming).await;
    let window = window_without_a_place(&house, &ming).await;
    window.suits_everybody("one window too many").await;
    // A place becomes free.
    drop(other);
    window.connected().await;
    // It takes the place of the hidden one, not of the older one.
    set_hidden(&hidden, true).await;
    let third = window_without_a_place(&house, &ming).await;
    third.press("#connection [data-action=use-here]").await;
    third.connected().await;
    hidden.find("#connection[data-state=replaced]").await;
    bar_says(
        &hidden,
        &["Teahouse is open in another window.", "Use here"],
    )
    .await;
    set_hidden(&hidden, false).await;
    hidden
        .suits_everybody("a window whose place was taken")
        .await;
    window.connected().await;
    ming.say("to all that are connected").await;
    for browser in [&window, &third] {
        browser.sees("to all that are connected").await;
    }
    assert!(hidden.texts().await.is_empty());
    // And back again; nothing was missed.
    set_hidden(&third, true).await;
    hidden.press("#connection [data-action=use-here]").await;
    hidden.connected().await;
    hidden.sees("to all that are connected").await;
    third.find("#connection[data-state=replaced]").await;
    nothing_to_complain_about(&[&hidden, &window, &third]).await;
}
