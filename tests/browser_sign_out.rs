//! Signing out with unsent messages, and drafts, in Chromium.

use crate::browser::{MING, expect_no_console_errors};
use crate::browser_failed_messages::{DRAFT, message_contents, open_ming, wait_for_draft};
use crate::support::{Browser, Network, Profile, Teahouse, until};

/// A server that accepts one message per second.
fn slow_server() -> Teahouse {
    Teahouse::configured("throttle.enabled=true messages.burst=1 messages.posts_per_second=1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_out_sends_waiting_messages_first() {
    let server = slow_server();
    let ming = open_ming(&server).await;
    let texts = ["one", "two", "three", "four", "five", "six", "seven"];
    for text in texts {
        ming.say(text).await;
    }
    ming.click("form[action='/logout'] button").await;
    ming.retry_click("dialog [data-action=send]").await;
    until("all are sent", async || {
        message_contents(&server).len() == texts.len()
    })
    .await;
    ming.find("#login").await;
    assert_eq!(message_contents(&server), texts);
    assert!(ming.stored_texts().await.is_empty());
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_out_discards_waiting_messages_on_request() {
    let server = slow_server();
    let ming = open_ming(&server).await;
    let texts: Vec<_> = (1..=40).map(|n| format!("number {n}")).collect();
    for text in &texts {
        ming.say(text).await;
    }
    ming.fill("#composer-content", "and begun").await;
    ming.click("form[action='/logout'] button").await;
    ming.find("dialog .dialog-item").await;
    ming.check_accessibility("the dialog at sign-out").await;
    // Escape changes nothing and returns the focus.
    ming.driver
        .action_chain()
        .send_keys(thirtyfour::Key::Escape + "")
        .perform()
        .await
        .expect("pressed");
    let back = "return !document.querySelector('dialog') && document.activeElement.matches('form[action=\"/logout\"] button')";
    ming.wait_until("the dialog is closed", back).await;
    ming.click("form[action='/logout'] button").await;
    ming.retry_click("dialog [data-action=discard]").await;
    ming.find("#login").await;
    assert!(ming.stored_texts().await.is_empty());
    let before = message_contents(&server);
    assert!(before.len() < texts.len() && texts.starts_with(&before));
    ming.sign_in(MING).await;
    ming.wait_until_connected().await;
    assert_eq!(ming.script(DRAFT).await, "");
    ming.post("after").await;
    let mut wanted = before;
    wanted.push("after".to_owned());
    assert_eq!(message_contents(&server), wanted);
    println!("{} of 40 waiting messages discarded", 41 - wanted.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offline_sign_out_fails_and_loses_nothing() {
    let server = Teahouse::start();
    let network = Network::before(&server).await;
    let ming = Browser::through(&server, &network, Profile::Chinese).await;
    ming.register(MING, "明明").await;
    ming.wait_until_connected().await;
    // The sign-out script is loaded after the page.
    let loaded = "const loaded = performance.getEntriesByType('resource').map(({ name }) => name); \
        return ['sign_out_dialog', 'dialog', 'unsent'].every(file => loaded.some(name => name.endsWith(`/${file}.js`)))";
    ming.wait_until("the sign-out script is loaded", loaded)
        .await;
    ming.disconnect(&network).await;
    ming.say("等一等").await;
    ming.wait_for_stored_texts(1).await;
    ming.click("form[action='/logout'] button").await;
    ming.retry_click("dialog [data-action=discard]").await;
    let error = "return document.querySelector('dialog .dialog-status').innerText !== ''";
    ming.wait_until("the error is shown", error).await;
    ming.retry_click("dialog .dialog-actions [data-action=send]")
        .await;
    network.reconnect(&ming).await;
    ming.find("#login").await;
    assert_eq!(message_contents(&server), ["等一等"]);
    assert!(ming.stored_texts().await.is_empty());
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_of_each_room_survive_a_browser_restart() {
    let server = Teahouse::start();
    let mut ming = open_ming(&server).await;
    let room = server.database().add_room("closed", "Backroom", &["Ming"]);
    ming.post("a mistake").await;
    ming.fill("#composer-content", "begun in the Lobby").await;
    ming.visit(&format!("/rooms/{room}")).await;
    ming.fill("#composer-content", "begun in the back").await;
    ming.wait_for_stored_texts(2).await;
    ming.restart().await;
    ming.visit(&format!("/rooms/{room}")).await;
    wait_for_draft(&ming, "begun in the back").await;
    ming.visit_room("/rooms/1").await;
    wait_for_draft(&ming, "begun in the Lobby").await;
    // Editing a message uses the composer without replacing the draft.
    ming.act_on_message(1, "edit").await;
    ming.fill("#composer-content", "a biscuit").await;
    ming.visit_room("/rooms/1").await;
    wait_for_draft(&ming, "begun in the Lobby").await;
    ming.press("#composer-content", thirtyfour::Key::Enter)
        .await;
    ming.wait_for_message("begun in the Lobby").await;
    ming.wait_for_stored_texts(1).await;
    expect_no_console_errors(&[&ming]).await;
}
