//! Several tabs of one browser, in one of which a user signs in again.

use crate::browser::expect_no_console_errors;
use crate::support::{Browser, Person, Teahouse};

/// Marks the loaded page, to tell it from a reloaded one.
const OPENED: &str = "return performance.timeOrigin";
/// Tests whether this page has requested the current user.
const HAS_ASKED: &str =
    "return performance.getEntriesByType('resource').some(e => e.name.endsWith('/api/auth_user'))";

/// Signs in with the form in another tab of this browser and returns the previous tab.
async fn sign_in_in_another_tab(browser: &Browser, person: &Person) -> thirtyfour::WindowHandle {
    let first = browser.another_tab().await;
    browser.visit("/login").await;
    browser.sign_in(&person.phone).await;
    browser.wait_until_connected().await;
    first
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_again_in_another_tab_keeps_the_first_tab_open() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let browser = Browser::signed_in(&server, &ming).await;
    let opened = browser.script(OPENED).await;
    browser.fill("#composer-content", "not yet sent").await;
    let first = sign_in_in_another_tab(&browser, &ming).await;
    browser.go_to_tab(first).await;
    // Its session has ended; it uses the new session of the same user and stays in the room.
    browser
        .wait_until("it has requested the current user", HAS_ASKED)
        .await;
    browser.wait_until_connected().await;
    ming.say("said meanwhile").await;
    browser.wait_for_message("said meanwhile").await;
    assert_eq!(browser.script(OPENED).await, opened);
    let typed = "return document.querySelector('#composer-content').value";
    assert_eq!(browser.script(typed).await, "not yet sent");
    expect_no_console_errors(&[&browser]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_as_another_user_reloads_the_first_tab_for_that_user() {
    let (server, [ming, bo]) = Teahouse::with_users(["Ming", "Bo"]).await;
    let browser = Browser::signed_in(&server, &ming).await;
    // Without communication between the tabs: the first one detects the change itself.
    browser
        .add_script_to_each_page("delete globalThis.BroadcastChannel")
        .await;
    browser.visit_room("/rooms/1").await;
    let first = sign_in_in_another_tab(&browser, &bo).await;
    browser.go_to_tab(first).await;
    let id = server.number("SELECT id AS value FROM users WHERE username = 'Bo'");
    browser.find(&format!("body[data-user-id='{id}']")).await;
    browser.wait_until_connected().await;
    // After signing out, both tabs leave the room.
    browser.sign_out().await;
    expect_no_console_errors(&[&browser]).await;
}
