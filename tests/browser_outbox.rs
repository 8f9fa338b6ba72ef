//! Messages on their way, in Chromium: what is written offline arrives, once and in order, whatever happens meanwhile.

use crate::browser::{MING, nothing_to_complain_about};
use crate::browser_unsent::{listed, said};
use crate::support::{Browser, LOBBY, Network, Person, Profile, Teahouse, eventually, line_of};
use serde_json::json;
use std::time::Instant;

/// Keeps the codes with which the window's sockets are closed, over every page of it.
const CLOSE_CODES: &str = "WebSocket = class extends WebSocket { constructor(...rest) { super(...rest); \
    this.addEventListener('close', ({code}) => sessionStorage.codes = (sessionStorage.codes ?? '') + code + ' ') } }";

/// Waits until so many messages are stored.
async fn stored(house: &Teahouse, count: i64) {
    let sql = "SELECT COUNT(*) AS value FROM messages";
    eventually(&format!("{count} messages are stored"), || async {
        (house.database().number(sql) >= count).then_some(())
    })
    .await;
}

/// Ming at a window whose way to the house is a network.
async fn ming_by(house: &Teahouse, network: &Network) -> Browser {
    let ming = Browser::by(house, network, Profile::English).await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    ming
}

/// Writes something that cannot go out now.
async fn writes(browser: &Browser, text: &str) {
    browser.say(text).await;
    let shown = format!(
        "return [...document.querySelectorAll('#messages .message[data-state=pending] .message-body')].some(e => e.innerText === '{text}')"
    );
    browser.until("it waits", &shown).await;
}

async fn is_offline(browser: &Browser) {
    browser
        .find("#connection[data-state=reconnecting], #connection[data-state=offline]")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_offline_arrives_once_and_in_order_though_tab_and_server_ended() {
    let (mut house, [bo]) = Teahouse::with_people(["Bo"]).await;
    let network = Network::to(&house).await;
    let ming = ming_by(&house, &network).await;
    bo.say("are you there?").await;
    ming.sees("are you there?").await;
    // The network goes away in the middle: the first one arrives, and its answer does not.
    network.lose_answers();
    let texts = ["I am", "and you?", "tea at five"];
    ming.say(texts[0]).await;
    stored(&house, 2).await;
    network.fail(&ming).await;
    is_offline(&ming).await;
    for text in &texts[1..] {
        writes(&ming, text).await;
    }
    ming.find("#messages .message[data-state=pending] .message-status .icon")
        .await;
    ming.keeps(3).await;
    ming.close_tab().await;
    house.kill9();
    house.start_again();
    let mut socket = bo.socket().await;
    network.come_back(&ming).await;
    let opened = Instant::now();
    ming.visit("/").await;
    let heard = socket.messages(2).await;
    let took = opened.elapsed();
    let heard: Vec<_> = heard.iter().map(|message| &message["content"]).collect();
    assert_eq!(heard, texts[1..], "as Bo hears it");
    for text in texts {
        ming.sees(text).await;
    }
    ming.keeps(0).await;
    let wanted = ["are you there?", texts[0], texts[1], texts[2]];
    assert_eq!(ming.texts().await, wanted);
    assert_eq!(said(&house), wanted, "each once, in order");
    socket.expect_none("message").await;
    println!(
        "written offline, tab closed, server restarted: with Bo {took:?} after the tab was opened again"
    );
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_rooms_messages_go_out_by_the_window_that_is_open() {
    let house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = ming_by(&house, &network).await;
    let room = house.database().add_room("closed", "Backroom", &["Ming"]);
    ming.visit("/").await;
    ming.connected().await;
    let lobby = ming.another_tab().await;
    ming.visit(&format!("/rooms/{room}")).await;
    ming.connected().await;
    network.fail(&ming).await;
    is_offline(&ming).await;
    writes(&ming, "one").await;
    writes(&ming, "two").await;
    // Closed with the messages in it; the other tab shows the Lobby.
    ming.close_tab().await;
    ming.go_to_tab(lobby).await;
    let mark = format!("{} .rooms-progress[data-progress=waiting]", line_of(&room));
    ming.find(&mark).await;
    network.come_back(&ming).await;
    stored(&house, 2).await;
    assert_eq!(said(&house), ["one", "two"]);
    let quiet = format!("return !document.querySelector(\"{mark}\")");
    ming.until("nothing waits", &quiet).await;
    assert_eq!(ming.path().await, format!("/rooms/{LOBBY}"));
    ming.keeps(0).await;
}

/// Six messages, written by turns in two tabs of a browser that runs this script in each of its pages.
async fn two_tabs_write_by_turns(script: &str) {
    let house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = ming_by(&house, &network).await;
    let first = ming.another_tab().await;
    let second = ming.driver.window().await.expect("a tab");
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        ming.runs_in_each_page(script).await;
        ming.visit("/").await;
        ming.connected().await;
    }
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        network.fail(&ming).await;
        is_offline(&ming).await;
    }
    let texts: Vec<_> = (1..=6).map(|n| format!("number {n}")).collect();
    for (n, text) in texts.iter().enumerate() {
        let tab = if n % 2 == 0 { &first } else { &second };
        ming.go_to_tab(tab.clone()).await;
        writes(&ming, text).await;
    }
    // Each sees what waits in the other, in order.
    let waiting = "const all = [...document.querySelectorAll('#messages [data-state=pending] .message-body')]; \
        return all.length === 6 && all.map(e => e.innerText)";
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        assert_eq!(ming.until("all six wait", waiting).await, json!(texts));
    }
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        network.come_back(&ming).await;
    }
    for tab in [&first, &second] {
        ming.go_to_tab(tab.clone()).await;
        ming.sees("number 6").await;
        let left = "return document.querySelectorAll('#messages [data-state=pending], #messages [data-state=failed]').length === 0";
        ming.until("nothing waits", left).await;
        assert_eq!(ming.texts().await, texts);
    }
    assert_eq!(said(&house), texts, "each once, in order");
    ming.keeps(0).await;
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_of_one_person_send_everything_once_in_the_order_in_which_it_was_written() {
    two_tabs_write_by_turns("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_that_cannot_take_turns_keep_the_order_too() {
    two_tabs_write_by_turns("delete Navigator.prototype.locks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_waiting_messages_go_out_without_flooding() {
    let house = Teahouse::with(&[("TEAHOUSE__THROTTLE__ENABLED", "true")]);
    let network = Network::to(&house).await;
    let ming = ming_by(&house, &network).await;
    ming.runs_in_each_page(CLOSE_CODES).await;
    ming.visit("/").await;
    ming.connected().await;
    network.fail(&ming).await;
    is_offline(&ming).await;
    let texts: Vec<_> = (1..=30).map(|n| format!("number {n}")).collect();
    for text in &texts {
        ming.say(text).await;
    }
    ming.keeps(30).await;
    // Half of what may be said at once is spent elsewhere, so some are put off in the middle; none overtakes them.
    let mut person = Person::visitor(&house);
    person.phone = MING.to_owned();
    let mut socket = person.on_another_device(&house).await.socket().await;
    for n in 0..10 {
        socket.say(&format!("elsewhere {n}")).await;
    }
    let back = Instant::now();
    network.come_back(&ming).await;
    stored(&house, 40).await;
    let took = back.elapsed();
    assert_eq!(said(&house)[10..], texts);
    ming.sees("number 30").await;
    ming.keeps(0).await;
    let codes = ming.script("return sessionStorage.codes ?? ''").await;
    assert!(!codes.to_string().contains("4029"), "{codes}");
    println!(
        "30 waiting messages were stored {took:?} after the network was back; closed before with {codes}"
    );
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_wrote_is_neither_seen_nor_sent_by_who_signs_in_after_them() {
    let (house, [bo]) = Teahouse::with_people(["Bo"]).await;
    let network = Network::to(&house).await;
    let ming = ming_by(&house, &network).await;
    network.fail(&ming).await;
    is_offline(&ming).await;
    writes(&ming, "for Ana alone").await;
    ming.fill("#composer-content", "begun by Ming").await;
    ming.keeps(2).await;
    // Signed out elsewhere meanwhile.
    let elsewhere = Person::visitor(&house);
    let cookie = ming.driver.get_named_cookie("teahouse").await;
    elsewhere.set_cookie(&format!("teahouse={}", cookie.expect("a cookie").value));
    assert_eq!(elsewhere.sign_out().await.status(), 303);
    network.come_back(&ming).await;
    ming.find("#login").await;
    ming.sign_in(&bo.phone).await;
    ming.connected().await;
    let shown = ming.driver.source().await.expect("a page");
    assert!(!shown.contains("for Ana alone") && !shown.contains("begun by Ming"));
    let field = "return document.querySelector('#composer-content').value";
    ming.say("this is Bo").await;
    ming.sees("this is Bo").await;
    assert_eq!(ming.script(field).await, "");
    ming.keeps(2).await;
    ming.click("form[action='/logout'] button").await;
    ming.find("#login").await;
    assert_eq!(said(&house), ["this is Bo"]);
    ming.keeps(2).await;
    // Ming is back.
    ming.sign_in(MING).await;
    ming.sees("for Ana alone").await;
    ming.until(
        "the draft is there",
        "return document.querySelector('#composer-content').value === 'begun by Ming'",
    )
    .await;
    let transcript = house.database().transcript();
    let senders: Vec<_> = transcript
        .iter()
        .map(|line| &line.sender_username)
        .collect();
    assert_eq!(senders, ["Bo", "Ming"]);
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_for_another_database_is_not_sent_into_this_one() {
    let mut house = Teahouse::start();
    let network = Network::to(&house).await;
    let ming = ming_by(&house, &network).await;
    network.fail(&ming).await;
    is_offline(&ming).await;
    writes(&ming, "for the old house").await;
    ming.keeps(1).await;
    house.kill9();
    house
        .database()
        .run("UPDATE installation SET epoch = 'another-house'");
    house.start_again();
    network.come_back(&ming).await;
    ming.find("#unsent:not([hidden])").await;
    ming.connected().await;
    ming.say("for the new one").await;
    ming.sees("for the new one").await;
    assert_eq!(said(&house), ["for the new one"]);
    assert_eq!(ming.texts().await, ["for the new one"]);
    // It is there to be copied, and goes when it is told to.
    ming.press("#unsent").await;
    listed(&ming, "for the old house").await;
    ming.press("dialog .dialog-item [data-action=discard]")
        .await;
    ming.until(
        "nothing is left",
        "return !document.querySelector('dialog') && document.querySelector('#unsent').hidden",
    )
    .await;
    ming.keeps(0).await;
    nothing_to_complain_about(&[&ming]).await;
}
