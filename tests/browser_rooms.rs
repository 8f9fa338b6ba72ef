//! Rooms and conversations in Chromium: making, finding, entering, and being shown the door.

use crate::browser::{MING, nothing_to_complain_about};
use crate::support::{Browser, LOBBY, Person, Profile, Teahouse, line_of};
use serde_json::json;
use std::time::{Duration, Instant};

const BO: &str = "+14155552673";

/// Makes a room by the form and returns its id.
async fn make_room(browser: &Browser, kind: &str, name: &str) -> String {
    browser.click("#new-room-link").await;
    browser.fill("#new-room-form #name", name).await;
    browser.fill("#new-room-form #topic", "about leaves").await;
    browser
        .click(&format!("#new-room-form [name=kind][value={kind}]"))
        .await;
    browser.press("#new-room-form button[type=submit]").await;
    browser.connected().await;
    let shown = browser.find(".room-title h1").await;
    assert_eq!(shown.text().await.expect("text"), name);
    let id = browser
        .script("return document.querySelector('.layout').dataset.roomId")
        .await;
    id.as_str().expect("an id").to_owned()
}

/// Two people at their windows, in the Lobby.
async fn ming_and_bo(house: &Teahouse) -> (Browser, Browser) {
    let open = async |phone, name| {
        let browser = Browser::open(house, Profile::English).await;
        browser.look_at().await;
        browser.register(phone, name).await;
        browser.connected().await;
        browser
    };
    tokio::join!(open(MING, "Ming"), open(BO, "Bo"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_room_made_in_one_window_is_found_and_entered_in_another() {
    let house = Teahouse::start();
    let (ming, bo) = ming_and_bo(&house).await;
    let closed = make_room(&ming, "closed", "Oolong only").await;
    let open = make_room(&ming, "open", "Tea & cake <1>").await;
    ming.find(&format!("#rooms-list {}[aria-current]", line_of(&open)))
        .await;
    ming.say("come in").await;
    // Bo is not in it, and finds it: it and no closed one.
    bo.click("#rooms-find").await;
    bo.fill("#search-input", "Oolong").await;
    bo.click("#search button").await;
    let found = "return location.search !== '' && [...document.querySelectorAll('.directory-item')].map(e => e.dataset.roomId)";
    assert_eq!(bo.until("the search is done", found).await, json!([]));
    bo.fill("#search-input", "TEA &").await;
    bo.click("#search button").await;
    let item = format!("#open-rooms .directory-item[data-room-id='{open}']");
    bo.find(&item).await;
    assert_eq!(bo.script(found).await, json!([open]));
    let mine = format!(
        "return document.querySelectorAll(\"{}, {}\").length",
        line_of(&open),
        line_of(&closed)
    );
    assert_eq!(bo.script(&mine).await, 0);
    // Reading along first, then entering.
    bo.click(&format!("{item} .directory-name")).await;
    bo.sees("come in").await;
    let composer = "return document.querySelectorAll('#composer').length";
    assert_eq!(bo.script(composer).await, 0);
    bo.press("#enter button").await;
    bo.find("#composer-content").await;
    bo.connected().await;
    bo.find(&format!("#rooms-list {}", line_of(&open))).await;
    bo.say("thank you").await;
    ming.sees("thank you").await;
    bo.visit(&format!("/rooms/{closed}")).await;
    let composer = bo.script(composer).await;
    assert_eq!(composer, 0, "the closed room is open to Bo");
    nothing_to_complain_about(&[&ming, &bo]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_from_a_closed_room_has_it_off_the_screen_and_hears_no_more() {
    /// Keeps what the window hears, over every page of it.
    const LISTEN: &str = "WebSocket = class extends WebSocket { constructor(...rest) { super(...rest); \
        this.addEventListener('message', ({data}) => sessionStorage.heard = (sessionStorage.heard ?? '') + data) } }";
    let house = Teahouse::start();
    let (ming, bo) = ming_and_bo(&house).await;
    bo.cdp("Page.enable", json!({})).await;
    bo.cdp(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({"source": LISTEN}),
    )
    .await;
    bo.driver.refresh().await.expect("reloaded");
    bo.connected().await;
    let room = make_room(&ming, "closed", "Backroom").await;
    ming.say("a word before").await;
    ming.sees("a word before").await;
    ming.open_panel().await;
    ming.fill("#invite-username", "bo").await;
    ming.press("#invite button").await;
    ming.until(
        "Ming is told that Bo is invited",
        "return document.querySelector('#member-told')?.innerText.includes('accept')",
    )
    .await;
    // It appears with Bo by itself, and is taken there.
    bo.until(
        "the invitation is in the list",
        "return document.querySelector('#rooms-invitations')?.hidden === false",
    )
    .await;
    bo.accept_invitation().await;
    bo.go_into(&room).await;
    bo.sees("a word before").await;
    ming.connected().await;
    ming.say("hello Bo").await;
    bo.sees("hello Bo").await;
    ming.open_panel().await;
    ming.press("#people-list [data-username=Bo] [data-action=remove]")
        .await;
    let removed = Instant::now();
    let gone = format!(
        "return document.readyState === 'complete' && !document.body.innerText.includes('hello Bo') && \
         document.querySelector('.layout')?.dataset.roomId === '{LOBBY}' && !document.querySelector(\"{}\")",
        line_of(&room)
    );
    bo.until("the room disappears", &gone).await;
    let took = removed.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    bo.until(
        "Bo is told why",
        "return document.querySelector('#toast').innerText.includes('Backroom')",
    )
    .await;
    ming.until(
        "Bo is off the list",
        "return !document.querySelector('#people-list [data-username=Bo]')",
    )
    .await;
    ming.connected().await;
    ming.say("among ourselves").await;
    ming.sees("among ourselves").await;
    // What is said in the Lobby later arrives; so would have what was said before it.
    ming.visit("/rooms/1").await;
    ming.connected().await;
    ming.say("and now to all").await;
    bo.sees("and now to all").await;
    let heard = bo.script("return sessionStorage.heard").await.to_string();
    assert!(heard.contains("hello Bo") && heard.contains("and now to all"));
    assert!(!heard.contains("among ourselves"), "{heard}");
    bo.visit(&format!("/rooms/{room}")).await;
    let source = bo.driver.source().await.expect("a page");
    assert!(!source.contains("Backroom") && !source.contains("among ourselves"));
    nothing_to_complain_about(&[&ming, &bo]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_begun_by_phone_number_waits_for_who_is_signed_out() {
    let house = Teahouse::start();
    let (ming, bo) = ming_and_bo(&house).await;
    bo.click("form[action='/logout'] button").await;
    bo.find("#login").await;
    ming.click("#rooms-people").await;
    ming.fill("#to", BO).await;
    ming.press("#direct-form button[type=submit]").await;
    ming.find(".layout[data-kind=direct][data-connection=online]")
        .await;
    let texts = ["are you there?", "there is tea", "and cake"];
    for text in texts {
        ming.say(text).await;
        ming.sees(text).await;
    }
    let name = ming.find(".room-title h1").await.text().await;
    assert_eq!(name.expect("text"), "Bo");
    bo.sign_in(BO).await;
    bo.connected().await;
    let item = bo.find("#directs-list .rooms-item[data-unread='3']").await;
    let shown = item.text().await.expect("text");
    assert!(shown.contains("Ming"), "{shown}");
    let badge = "return document.querySelector('#directs-list .badge:not([hidden])')?.innerText.startsWith('3')";
    bo.until("the badge says 3", badge).await;
    bo.until("the title says 3", "return document.title.includes('3')")
        .await;
    item.click().await.expect("clicked");
    bo.find(".layout[data-kind=direct] .new-separator + .message[data-seq='1']")
        .await;
    assert_eq!(bo.texts().await, texts);
    bo.find("#directs-list .rooms-item[data-unread='0'] .badge[hidden]")
        .await;
    bo.say("I am now").await;
    ming.sees("I am now").await;
    nothing_to_complain_about(&[&ming, &bo]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_find_rooms_and_people_light_and_dark_small_and_large() {
    let house = Teahouse::start();
    let ming = Browser::open(&house, Profile::English).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    let [ana, bo] = Person::register_each(&house, ["Ana", "Bo"]).await;
    let room = ana.make_room("open", "Tea & cake", &[&bo]).await;
    let direct = ana.direct(&["Ming"]).await;
    ana.say_in(&direct, "hello").await;
    for path in ["/rooms", "/people", "/rooms?search=nothing"] {
        ming.visit(path).await;
        ming.find(&format!("{}[data-unread='1']", line_of(&direct)))
            .await;
        ming.suits_everybody(path).await;
    }
    ming.press("#new-room-form button[type=submit]").await;
    ming.find("#name-error").await;
    ming.suits_everybody("a new room with mistakes").await;
    ming.visit(&format!("/rooms/{room}")).await;
    ming.suits_everybody("a room that is only read").await;
    let closed = make_room(&ming, "closed", "Backroom").await;
    assert_eq!(ming.path().await, format!("/rooms/{closed}"));
    for text in ["one", "two", "@Ming three"] {
        ming.say(text).await;
        ming.sees(text).await;
    }
    ming.open_panel().await;
    ming.fill("#invite-username", "nobody at all").await;
    ming.press("#invite button").await;
    ming.find("#people[data-open] #username-error").await;
    ming.connected().await;
    ming.script("document.querySelectorAll('#panel details').forEach(e => e.open = true)")
        .await;
    ming.suits_everybody("a room with its panel open").await;
    ming.go_into(&direct).await;
    ming.open_panel().await;
    ming.suits_everybody("a conversation with its panel open")
        .await;
    nothing_to_complain_about(&[&ming]).await;
}
