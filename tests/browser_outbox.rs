//! The outbox in Chromium: messages written offline are delivered once and in order.

use crate::browser::{MING, expect_no_console_errors};
use crate::browser_failed_messages::message_contents;
use crate::support::{Browser, LOBBY, Network, Person, Profile, Teahouse, room_item, until};
use serde_json::json;
use std::time::Instant;

/// Records the close codes of the window's sockets across its pages.
const CLOSE_CODES: &str = "WebSocket = class extends WebSocket { constructor(...rest) { super(...rest); \
    this.addEventListener('close', ({code}) => sessionStorage.codes = (sessionStorage.codes ?? '') + code + ' ') } }";

/// Waits until `count` messages are stored.
async fn wait_for_stored(server: &Teahouse, count: i64) {
    until(&format!("{count} messages are stored"), async || {
        server.count("messages") >= count
    })
    .await;
}

/// Opens Ming's window through a network that can fail.
pub async fn ming_through_network(server: &Teahouse) -> (Network, Browser) {
    let network = Network::before(server).await;
    let ming = Browser::through(server, &network, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.wait_until_connected().await;
    (network, ming)
}

/// Writes a message that cannot be sent now.
async fn write_offline(browser: &Browser, text: &str) {
    browser.say(text).await;
    let shown = format!(
        "return [...document.querySelectorAll('#messages .message[data-state=pending] .message-body')].some(e => e.innerText === '{text}')"
    );
    browser.wait_until("it is waiting", &shown).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offline_messages_survive_tab_and_server_restarts_and_arrive_once_in_order() {
    let (mut server, [bo]) = Teahouse::with_users(["Bo"]).await;
    let (network, ming) = ming_through_network(&server).await;
    bo.say("are you there?").await;
    ming.wait_for_message("are you there?").await;
    // The network fails in the middle: the first message arrives, its ack does not.
    network.drop_responses();
    let texts = ["I am", "and you?", "tea at five"];
    ming.say(texts[0]).await;
    wait_for_stored(&server, 2).await;
    ming.disconnect(&network).await;
    for text in &texts[1..] {
        write_offline(&ming, text).await;
    }
    ming.find("#messages .message[data-state=pending] .message-status .icon")
        .await;
    ming.wait_for_stored_texts(3).await;
    ming.close_tab().await;
    server.kill();
    server.restart();
    let mut socket = bo.socket().await;
    network.reconnect(&ming).await;
    let start = Instant::now();
    ming.visit("/").await;
    let received = socket.messages(2).await;
    println!("received {:?} after the tab was reopened", start.elapsed());
    let received: Vec<_> = received.iter().map(|message| &message["content"]).collect();
    assert_eq!(received, texts[1..], "in the order of Bo's window");
    for text in texts {
        ming.wait_for_message(text).await;
    }
    ming.wait_for_stored_texts(0).await;
    let wanted = ["are you there?", texts[0], texts[1], texts[2]];
    assert_eq!(ming.texts().await, wanted);
    assert_eq!(message_contents(&server), wanted, "once, in order");
    socket.expect_none("message").await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_window_sends_the_waiting_messages_of_other_rooms() {
    let server = Teahouse::start();
    let (network, ming) = ming_through_network(&server).await;
    let room = server.database().add_room("closed", "Backroom", &["Ming"]);
    ming.visit_room("/").await;
    let lobby = ming.another_tab().await;
    ming.visit_room(&format!("/rooms/{room}")).await;
    ming.disconnect(&network).await;
    write_offline(&ming, "one").await;
    write_offline(&ming, "two").await;
    // The tab is closed with waiting messages; the other tab shows the Lobby.
    ming.close_tab().await;
    ming.go_to_tab(lobby).await;
    let mark = format!(
        "{} .rooms-progress[data-progress=waiting]",
        room_item(&room)
    );
    ming.find(&mark).await;
    network.reconnect(&ming).await;
    wait_for_stored(&server, 2).await;
    assert_eq!(message_contents(&server), ["one", "two"]);
    let quiet = format!("return !document.querySelector(\"{mark}\")");
    ming.wait_until("nothing is waiting", &quiet).await;
    assert_eq!(ming.path().await, format!("/rooms/{LOBBY}"));
    ming.wait_for_stored_texts(0).await;
}

/// Writes six messages alternately in two tabs of a browser that runs this script in each page.
async fn alternate_between_two_tabs(script: &str) {
    let server = Teahouse::start();
    let (network, ming) = ming_through_network(&server).await;
    let first = ming.another_tab().await;
    let second = ming.driver.window().await.expect("a tab");
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        ming.add_script_to_each_page(script).await;
        ming.visit_room("/").await;
    }
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        ming.disconnect(&network).await;
    }
    let texts: Vec<_> = (1..=6).map(|n| format!("number {n}")).collect();
    for (n, text) in texts.iter().enumerate() {
        let tab = if n % 2 == 0 { &first } else { &second };
        ming.go_to_tab(tab.clone()).await;
        write_offline(&ming, text).await;
    }
    // Each tab shows the waiting messages of the other, in order.
    let waiting = "const all = [...document.querySelectorAll('#messages [data-state=pending] .message-body')]; \
        return all.length === 6 && all.map(e => e.innerText)";
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        let found = ming.wait_until("all six are waiting", waiting).await;
        assert_eq!(found, json!(texts));
    }
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        network.reconnect(&ming).await;
    }
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        ming.wait_for_message("number 6").await;
        let left = "return document.querySelectorAll('#messages [data-state=pending], #messages [data-state=failed]').length === 0";
        ming.wait_until("nothing is waiting", left).await;
        assert_eq!(ming.texts().await, texts);
    }
    assert_eq!(message_contents(&server), texts, "once, in order");
    ming.wait_for_stored_texts(0).await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_send_each_message_once_in_the_order_of_writing() {
    alternate_between_two_tabs("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_keep_the_order_without_web_locks() {
    alternate_between_two_tabs("delete Navigator.prototype.locks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_waiting_messages_stay_below_the_rate_limit() {
    let server = Teahouse::with(&[("TEAHOUSE__THROTTLE__ENABLED", "true")]);
    let (network, ming) = ming_through_network(&server).await;
    ming.add_script_to_each_page(CLOSE_CODES).await;
    ming.visit_room("/").await;
    ming.disconnect(&network).await;
    let texts: Vec<_> = (1..=30).map(|n| format!("number {n}")).collect();
    for text in &texts {
        ming.say(text).await;
    }
    ming.wait_for_stored_texts(30).await;
    // Half of the rate limit is used elsewhere, so some messages are deferred; none overtakes them.
    let mut person = Person::visitor(&server);
    person.phone = MING.to_owned();
    let mut socket = person.on_another_device(&server).await.socket().await;
    for n in 0..10 {
        socket.say(&format!("elsewhere {n}")).await;
    }
    let start = Instant::now();
    network.reconnect(&ming).await;
    wait_for_stored(&server, 40).await;
    println!(
        "30 messages stored {:?} after reconnecting",
        start.elapsed()
    );
    assert_eq!(message_contents(&server)[10..], texts);
    ming.wait_for_message("number 30").await;
    ming.wait_for_stored_texts(0).await;
    let codes = ming.script("return sessionStorage.codes ?? ''").await;
    assert!(!codes.to_string().contains("4029"), "{codes}");
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsent_messages_are_hidden_from_the_next_user_of_the_browser() {
    let (server, [bo]) = Teahouse::with_users(["Bo"]).await;
    let (network, ming) = ming_through_network(&server).await;
    ming.disconnect(&network).await;
    write_offline(&ming, "for Ana alone").await;
    ming.fill("#composer-content", "begun by Ming").await;
    ming.wait_for_stored_texts(2).await;
    // The session is revoked on another device.
    let elsewhere = Person::visitor(&server);
    let cookie = ming.driver.get_named_cookie("teahouse").await;
    elsewhere.set_cookie(&format!("teahouse={}", cookie.expect("a cookie").value));
    assert_eq!(elsewhere.sign_out().await.status(), 303);
    network.reconnect(&ming).await;
    ming.find("#login").await;
    ming.sign_in(&bo.phone).await;
    ming.wait_until_connected().await;
    let shown = ming.source().await;
    assert!(!shown.contains("for Ana alone") && !shown.contains("begun by Ming"));
    let field = "return document.querySelector('#composer-content').value";
    ming.post("this is Bo").await;
    assert_eq!(ming.script(field).await, "");
    ming.wait_for_stored_texts(2).await;
    ming.sign_out().await;
    assert_eq!(message_contents(&server), ["this is Bo"]);
    ming.wait_for_stored_texts(2).await;
    // Ming signs in again.
    ming.sign_in(MING).await;
    ming.wait_for_message("for Ana alone").await;
    let script_ = "return document.querySelector('#composer-content').value === 'begun by Ming'";
    ming.wait_until("the draft is restored", script_).await;
    let transcript = server.database().transcript();
    let senders: Vec<_> = transcript
        .iter()
        .map(|line| &line.sender_username)
        .collect();
    assert_eq!(senders, ["Bo", "Ming"]);
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_for_another_database_are_not_sent() {
    let mut server = Teahouse::start();
    let (network, ming) = ming_through_network(&server).await;
    ming.disconnect(&network).await;
    write_offline(&ming, "for the old server").await;
    ming.wait_for_stored_texts(1).await;
    server.kill();
    server.execute("UPDATE installation SET epoch = 'another-server'");
    server.restart();
    network.reconnect(&ming).await;
    ming.find("#unsent:not([hidden])").await;
    ming.wait_until_connected().await;
    ming.post("for the new one").await;
    assert_eq!(message_contents(&server), ["for the new one"]);
    assert_eq!(ming.texts().await, ["for the new one"]);
    // The message can be copied, and is sent on request.
    ming.retry_click("#unsent").await;
    ming.wait_for_text("dialog .dialog-list", "for the old server")
        .await;
    ming.retry_click("dialog .dialog-item [data-action=discard]")
        .await;
    let script =
        "return !document.querySelector('dialog') && document.querySelector('#unsent').hidden";
    ming.wait_until("nothing is left", script).await;
    ming.wait_for_stored_texts(0).await;
    expect_no_console_errors(&[&ming]).await;
}
