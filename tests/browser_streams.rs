//! Windows of one browser without WebSocket, in Chromium: they share one event stream.

use crate::browser::nothing_to_complain_about;
use crate::support::{Browser, Person, Profile, Program, Teahouse, eventually};
use reqwest::Method;
use serde_json::json;
use thirtyfour::WindowHandle;

/// As behind a proxy that lets no upgrade through.
const NO_SOCKETS: &str = "delete globalThis.WebSocket";
const ALONE: &str = "delete globalThis.WebSocket; delete globalThis.BroadcastChannel";

/// How many sockets and event streams a person has open.
async fn open(program: &Program) -> u64 {
    let answer = program.request(Method::GET, "/api/connections").send();
    let body: serde_json::Value = answer.await.expect("an answer").json().await.expect("JSON");
    body["open"].as_u64().expect("a number")
}

async fn open_becomes(program: &Program, count: u64) {
    eventually(&format!("{count} are open"), || async {
        (open(program).await == count).then_some(())
    })
    .await;
}

/// So many tabs of Ming's, in each of which this script runs first.
async fn tabs(
    house: &Teahouse,
    ming: &Person,
    count: usize,
    script: &str,
) -> (Browser, Vec<WindowHandle>) {
    let browser = Browser::open(house, Profile::English).await;
    browser.look_at().await;
    browser.runs_in_each_page(script).await;
    browser.visit("/login").await;
    browser.sign_in(&ming.phone).await;
    browser.connected().await;
    let mut tabs = vec![browser.driver.window().await.expect("a tab")];
    while tabs.len() < count {
        browser.another_tab().await;
        browser.runs_in_each_page(script).await;
        browser.visit("/").await;
        browser.connected().await;
        tabs.push(browser.driver.window().await.expect("a tab"));
    }
    (browser, tabs)
}

/// Each tab shows these messages, once and in order.
async fn all_show(browser: &Browser, tabs: &[WindowHandle], texts: &[String]) {
    for tab in tabs {
        browser.go_to_tab(tab.clone()).await;
        browser.sees(texts.last().expect("a message")).await;
        assert_eq!(browser.texts().await, texts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_tabs_without_sockets_share_one_stream_which_outlives_its_leader() {
    let (house, [ming, bo]) = Teahouse::with_people(["Ming", "Bo"]).await;
    let program = Program::of(&house, &ming).await;
    let (browser, mut tabs) = tabs(&house, &ming, 8, NO_SOCKETS).await;
    assert_eq!(open(&program).await, 1, "streams of eight tabs");
    let mut texts = Vec::new();
    for (n, tab) in tabs.iter().enumerate() {
        browser.go_to_tab(tab.clone()).await;
        texts.push(format!("from tab {n}"));
        browser.say(&texts[n]).await;
        browser.sees(&texts[n]).await;
    }
    all_show(&browser, &tabs, &texts).await;
    // The leader closes: what is said meanwhile arrives once.
    browser.go_to_tab(tabs.remove(0)).await;
    browser.driver.close_window().await.expect("closed");
    texts.push("while the leader closed".to_owned());
    bo.say(&texts[8]).await;
    all_show(&browser, &tabs, &texts).await;
    open_becomes(&program, 1).await;
    // The next leader freezes: it holds the lock, and is asked in vain.
    browser.go_to_tab(tabs[0].clone()).await;
    browser
        .cdp("Page.setWebLifecycleState", json!({"state": "frozen"}))
        .await;
    browser.go_to_tab(tabs[1].clone()).await;
    texts.push("while the leader slept".to_owned());
    bo.say(&texts[9]).await;
    all_show(&browser, &tabs[1..], &texts).await;
    browser.go_to_tab(tabs[0].clone()).await;
    browser
        .cdp("Page.setWebLifecycleState", json!({"state": "active"}))
        .await;
    all_show(&browser, &tabs, &texts).await;
    open_becomes(&program, 1).await;
    // Signing out in one signs all out.
    nothing_to_complain_about(&[&browser]).await;
    browser.click("form[action='/logout'] button").await;
    for tab in &tabs {
        browser.go_to_tab(tab.clone()).await;
        browser.find("#login").await;
    }
    open_becomes(&Program::of(&house, &ming).await, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tabs_that_cannot_share_have_a_stream_each() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let program = Program::of(&house, &ming).await;
    let (browser, tabs) = tabs(&house, &ming, 2, ALONE).await;
    assert_eq!(open(&program).await, 2, "streams of two tabs");
    ming.say("to both").await;
    all_show(&browser, &tabs, &["to both".to_owned()]).await;
    nothing_to_complain_about(&[&browser]).await;
}
