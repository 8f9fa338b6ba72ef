//! Messages that are not sent, in Chromium: rejected messages, rooms without access, and a newer server version.

use crate::browser::{MING, expect_no_console_errors};
use crate::browser_outbox::ming_through_network;
use crate::support::{Browser, Network, Person, Profile, Teahouse, until};

pub const DRAFT: &str = "return document.querySelector('#composer-content').value";

pub fn message_contents(server: &Teahouse) -> Vec<String> {
    let lines = server.database().transcript();
    lines.into_iter().map(|line| line.content).collect()
}

pub async fn open_ming(server: &Teahouse) -> Browser {
    Browser::registered(server, Profile::English, MING, "Ming").await
}

pub async fn wait_for_draft(browser: &Browser, text: &str) {
    let script = format!("{DRAFT} === '{text}'");
    browser
        .wait_until(&format!("{text:?} is the draft"), &script)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_messages_stay_until_retried_or_discarded() {
    let server = Teahouse::start();
    let ming = open_ming(&server).await;
    let bo = Person::register(&server, "Bo").await;
    let direct = bo.direct(&["Ming"]).await;
    bo.say_in(&direct, "hello").await;
    let user = [("username", "Ming")];
    bo.submit_ok("post", "/blocks", &user).await;
    ming.open_room(&direct).await;
    for text in ["one", "two"] {
        ming.say(text).await;
    }
    let failed = "return document.querySelectorAll('#messages .message[data-state=failed] .message-status').length === 2";
    ming.wait_until("both are rejected", failed).await;
    ming.check_accessibility("rejected messages").await;
    ming.reload().await;
    ming.wait_until("both are still rejected", failed).await;
    // In another room, the sidebar shows it.
    ming.open_room("1").await;
    let mark = ".rooms-progress[data-progress=failed]";
    ming.find(&format!("[data-room-id='{direct}'] {mark}"))
        .await;
    ming.post("elsewhere all is well").await;
    ming.open_room(&direct).await;
    bo.submit_ok("delete", "/blocks", &user).await;
    ming.retry_click("#messages .message[data-state=failed] [data-action=retry]")
        .await;
    ming.wait_for_message("one").await;
    ming.retry_click("#messages .message[data-state=failed] [data-action=copy]")
        .await;
    let script = "return document.querySelector('#toast').innerText !== ''";
    ming.wait_until("a notice is shown", script).await;
    ming.retry_click("#messages .message[data-state=failed] [data-action=discard]")
        .await;
    ming.wait_for_stored_texts(0).await;
    assert_eq!(ming.texts().await, ["hello", "one"]);
    let found = message_contents(&server);
    assert_eq!(found, ["hello", "elsewhere all is well", "one"]);
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_for_a_room_without_access_are_kept_and_delay_no_others() {
    let server = Teahouse::start();
    let (network, ming) = ming_through_network(&server).await;
    let bo = Person::register(&server, "Bo").await;
    let room = bo.create_room("closed", "Backroom", &[]).await;
    let members = format!("/rooms/{room}/members");
    bo.submit_ok("post", &members, &[("username", "Ming")])
        .await;
    ming.accept_invitation().await;
    ming.visit_room("/rooms/1").await;
    let first = ming.another_tab().await;
    ming.visit_room(&format!("/rooms/{room}")).await;
    network.disconnect(&ming).await;
    ming.say("behind closed doors").await;
    ming.wait_for_stored_texts(1).await;
    ming.close_tab().await;
    ming.go_to_tab(first).await;
    ming.say("in the Lobby").await;
    bo.submit_ok("delete", &members, &[("username", "Ming")])
        .await;
    network.reconnect(&ming).await;
    ming.wait_for_message("in the Lobby").await;
    ming.retry_click("#unsent:not([hidden])").await;
    for text in ["Backroom", "behind closed doors"] {
        ming.wait_for_text("dialog .dialog-list", text).await;
    }
    ming.check_accessibility("the list of unsent messages")
        .await;
    ming.retry_click("dialog .dialog-item [data-action=copy]")
        .await;
    let notice = "return document.querySelector('dialog .dialog-status').innerText !== ''";
    ming.wait_until("a notice is shown", notice).await;
    ming.retry_click("dialog header [data-action=cancel]").await;
    ming.driver.refresh().await.expect("reloaded");
    ming.find("#unsent:not([hidden])").await;
    assert_eq!(message_contents(&server), ["in the Lobby"]);
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_server_version_offers_one_reload() {
    let mut server = Teahouse::start();
    let (network, ming) = ming_through_network(&server).await;
    ming.fill("#composer-content", "begun before").await;
    ming.wait_for_stored_texts(1).await;
    network.announce_newer_version();
    server.kill();
    server.restart();
    ming.find("#connection[data-state=updated]").await;
    ming.check_accessibility("the bar of a newer version").await;
    ming.retry_click("#connection [data-action=later]").await;
    ming.find("#connection[data-state=none]").await;
    server.kill();
    ming.find("#connection[data-state=reconnecting]").await;
    server.restart();
    ming.find("#connection[data-state=online]").await;
    let quiet = ming
        .find("#connection[data-state=none], #connection[data-state=updated]")
        .await;
    let state = quiet.attr("data-state").await.expect("a state");
    assert_eq!(state.as_deref(), Some("none"), "it offers again");
    wait_for_draft(&ming, "begun before").await;
    // Another page connects to the version that it was loaded from; the draft is kept.
    ming.visit("/rooms").await;
    ming.visit("/").await;
    ming.retry_click("#connection[data-state=updated] [data-action=reload]")
        .await;
    ming.wait_until_connected().await;
    wait_for_draft(&ming, "begun before").await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_browser_storage_is_reported() {
    let server = Teahouse::start();
    let network = Network::before(&server).await;
    let ming = Browser::through(&server, &network, Profile::English).await;
    let refuse = "Object.defineProperty(window, 'indexedDB', { get() { throw new DOMException('no', 'SecurityError') } })";
    ming.add_script_to_each_page(refuse).await;
    ming.register(MING, "Ming").await;
    ming.wait_until_connected().await;
    let blocks_unload = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))";
    ming.post("one").await;
    let found = ming.script(blocks_unload).await;
    assert_eq!(found, false, "nothing is waiting");
    ming.disconnect(&network).await;
    ming.say("two").await;
    let words =
        "return document.querySelector('#connection').innerText.includes('lost when you close')";
    ming.wait_until("the bar reports it", words).await;
    assert_eq!(ming.script(blocks_unload).await, true);
    network.reconnect(&ming).await;
    ming.wait_for_message("two").await;
    let quiet = "return document.querySelector('#connection').dataset.state === 'none'";
    ming.wait_until("the bar is hidden", quiet).await;
    assert_eq!(ming.script(blocks_unload).await, false);
    until("both are stored", async || {
        message_contents(&server) == ["one", "two"]
    })
    .await;
}
