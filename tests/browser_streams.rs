//! Windows of one browser without WebSocket, in Chromium: they share one event stream.

use crate::browser::expect_no_console_errors;
use crate::support::{ApiClient, Browser, Person, Profile, Teahouse, until};
use reqwest::Method;
use serde_json::json;
use thirtyfour::WindowHandle;

/// Fails each WebSocket, as a proxy without upgrade support does.
const NO_SOCKETS: &str = "delete globalThis.WebSocket";
const ALONE: &str = "delete globalThis.WebSocket; delete globalThis.BroadcastChannel";

/// Returns the number of open sockets and event streams of a user.
async fn open_connections(client: &ApiClient) -> u64 {
    let response = client.request(Method::GET, "/api/connections").send();
    let body: serde_json::Value = response
        .await
        .expect("a response")
        .json()
        .await
        .expect("JSON");
    body["open"].as_u64().expect("a number")
}

async fn wait_for_open_connections(client: &ApiClient, count: u64) {
    until(&format!("{count} are open"), async || {
        open_connections(client).await == count
    })
    .await;
}

/// Opens tabs of Ming's, each of which runs this script first.
async fn tabs(
    server: &Teahouse,
    ming: &Person,
    count: usize,
    script: &str,
) -> (Browser, Vec<WindowHandle>) {
    let browser = Browser::open(server, Profile::English).await;
    browser.add_script_to_each_page(script).await;
    browser.visit("/login").await;
    browser.sign_in(&ming.phone).await;
    browser.wait_until_connected().await;
    let mut tabs = vec![browser.driver.window().await.expect("a tab")];
    while tabs.len() < count {
        browser.another_tab().await;
        browser.add_script_to_each_page(script).await;
        browser.visit_room("/").await;
        tabs.push(browser.driver.window().await.expect("a tab"));
    }
    (browser, tabs)
}

/// Asserts that each tab shows these messages once and in order.
async fn expect_in_each_tab(browser: &Browser, tabs: &[WindowHandle], texts: &[String]) {
    for tab in tabs {
        browser.go_to_tab(tab.clone()).await;
        browser
            .wait_for_message(texts.last().expect("a message"))
            .await;
        assert_eq!(browser.texts().await, texts);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_tabs_without_websocket_share_one_stream_and_survive_the_leader() {
    let (server, [ming, bo]) = Teahouse::with_users(["Ming", "Bo"]).await;
    let client = ApiClient::of(&server, &ming).await;
    let (browser, mut tabs) = tabs(&server, &ming, 8, NO_SOCKETS).await;
    assert_eq!(open_connections(&client).await, 1, "streams of eight tabs");
    let mut texts = Vec::new();
    for (n, tab) in tabs.iter().enumerate() {
        browser.go_to_tab(tab.clone()).await;
        texts.push(format!("from tab {n}"));
        browser.post(&texts[n]).await;
    }
    expect_in_each_tab(&browser, &tabs, &texts).await;
    // The leader closes: a message of that moment arrives once.
    browser.go_to_tab(tabs.remove(0)).await;
    browser.driver.close_window().await.expect("closed");
    texts.push("while the leader closed".to_owned());
    bo.say(&texts[8]).await;
    expect_in_each_tab(&browser, &tabs, &texts).await;
    wait_for_open_connections(&client, 1).await;
    // The next leader freezes: it holds the lock and does not respond.
    browser.go_to_tab(tabs[0].clone()).await;
    browser
        .cdp("Page.setWebLifecycleState", json!({"state": "frozen"}))
        .await;
    browser.go_to_tab(tabs[1].clone()).await;
    texts.push("while the leader slept".to_owned());
    bo.say(&texts[9]).await;
    expect_in_each_tab(&browser, &tabs[1..], &texts).await;
    browser.go_to_tab(tabs[0].clone()).await;
    browser
        .cdp("Page.setWebLifecycleState", json!({"state": "active"}))
        .await;
    expect_in_each_tab(&browser, &tabs, &texts).await;
    wait_for_open_connections(&client, 1).await;
    // Signing out in one tab signs all out.
    expect_no_console_errors(&[&browser]).await;
    browser.click("form[action='/logout'] button").await;
    for tab in &tabs {
        browser.go_to_tab(tab.clone()).await;
        browser.find("#login").await;
    }
    wait_for_open_connections(&ApiClient::of(&server, &ming).await, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tabs_without_broadcast_channel_use_a_stream_each() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let client = ApiClient::of(&server, &ming).await;
    let (browser, tabs) = tabs(&server, &ming, 2, ALONE).await;
    assert_eq!(open_connections(&client).await, 2, "streams of two tabs");
    ming.say("to both").await;
    expect_in_each_tab(&browser, &tabs, &["to both".to_owned()]).await;
    expect_no_console_errors(&[&browser]).await;
}
