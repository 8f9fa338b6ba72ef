//! Several tabs of one browser, in one of which somebody signs in anew.

use crate::support::{Browser, Person, Teahouse};

/// Since when this page is open, so that one that was loaded anew is told from it.
const OPENED: &str = "return performance.timeOrigin";
/// Whether this page has asked who is signed in.
const HAS_ASKED: &str =
    "return performance.getEntriesByType('resource').some(e => e.name.endsWith('/api/auth_user'))";

/// Signs in by the form, in another tab of this browser; answers the tab that was left.
async fn in_another_tab(browser: &Browser, person: &Person) -> thirtyfour::WindowHandle {
    let first = browser.another_tab().await;
    browser.visit("/login").await;
    browser.sign_in(&person.phone).await;
    browser.connected().await;
    first
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_again_in_another_tab_leaves_the_first_one_where_it_was() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let browser = Browser::of(&house, &ming).await;
    let opened = browser.script(OPENED).await;
    browser.fill("#composer-content", "not yet sent").await;
    let first = in_another_tab(&browser, &ming).await;
    browser.go_to_tab(first).await;
    // Its session has ended; it finds the new one, and its person never leaves the room.
    browser.until("it has asked who is here", HAS_ASKED).await;
    browser.connected().await;
    ming.say("said meanwhile").await;
    browser.sees("said meanwhile").await;
    assert_eq!(browser.script(OPENED).await, opened);
    let typed = "return document.querySelector('#composer-content').value";
    assert_eq!(browser.script(typed).await, "not yet sent");
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_as_somebody_else_in_another_tab_makes_the_first_one_theirs() {
    let (house, [ming, bo]) = Teahouse::with_people(["Ming", "Bo"]).await;
    let browser = Browser::of(&house, &ming).await;
    // Without a word between the tabs: the first one finds out by itself.
    browser
        .runs_in_each_page("delete globalThis.BroadcastChannel")
        .await;
    browser.visit("/rooms/1").await;
    browser.connected().await;
    let first = in_another_tab(&browser, &bo).await;
    browser.go_to_tab(first).await;
    let id = house
        .database()
        .number("SELECT id AS value FROM users WHERE username = 'Bo'");
    browser.find(&format!("body[data-user-id='{id}']")).await;
    browser.connected().await;
    // And when nobody is signed in any more, both leave.
    browser.click("form[action='/logout'] button").await;
    browser.find("#login").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}
