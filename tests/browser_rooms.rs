//! Rooms and conversations in Chromium: creating, finding, joining, and being removed.

use crate::browser::{MING, expect_no_console_errors, server_and_ming};
use crate::support::{Browser, LOBBY, Person, Profile, Teahouse, room_item};
use serde_json::json;
use std::time::{Duration, Instant};

const BO: &str = "+14155552673";

/// Creates a room with the form and returns its id.
async fn create_room(browser: &Browser, kind: &str, name: &str) -> String {
    browser.click("#new-room-link").await;
    browser.fill("#new-room-form #name", name).await;
    browser.fill("#new-room-form #topic", "about leaves").await;
    browser
        .click(&format!("#new-room-form [name=kind][value={kind}]"))
        .await;
    browser
        .retry_click("#new-room-form button[type=submit]")
        .await;
    browser.wait_until_connected().await;
    let shown = browser.find(".room-title h1").await;
    assert_eq!(shown.text().await.expect("text"), name);
    let id = browser
        .script("return document.querySelector('.layout').dataset.roomId")
        .await;
    id.as_str().expect("an id").to_owned()
}

/// Opens the Lobby in two users' windows.
async fn ming_and_bo(server: &Teahouse) -> (Browser, Browser) {
    let open = |phone, name| Browser::registered(server, Profile::English, phone, name);
    tokio::join!(open(MING, "Ming"), open(BO, "Bo"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_room_created_in_one_window_is_found_and_joined_in_another() {
    let server = Teahouse::start();
    let (ming, bo) = ming_and_bo(&server).await;
    let closed = create_room(&ming, "closed", "Oolong only").await;
    let open = create_room(&ming, "open", "Tea & cake <1>").await;
    ming.find(&format!("#rooms-list {}[aria-current]", room_item(&open)))
        .await;
    ming.say("come in").await;
    // Bo, who is not a member, finds the open room and not the closed one.
    bo.click("#rooms-find").await;
    bo.fill("#search-input", "Oolong").await;
    bo.click("#search button").await;
    let found = "return location.search !== '' && [...document.querySelectorAll('.directory-item')].map(e => e.dataset.roomId)";
    let actual = bo.wait_until("the search has finished", found).await;
    assert_eq!(actual, json!([]));
    bo.fill("#search-input", "TEA &").await;
    bo.click("#search button").await;
    let item = format!("#open-rooms .directory-item[data-room-id='{open}']");
    bo.find(&item).await;
    assert_eq!(bo.script(found).await, json!([open]));
    let mine = format!(
        "return document.querySelectorAll(\"{}, {}\").length",
        room_item(&open),
        room_item(&closed)
    );
    assert_eq!(bo.script(&mine).await, 0);
    // Bo previews the room, then joins.
    bo.click(&format!("{item} .directory-name")).await;
    bo.wait_for_message("come in").await;
    let composer = "return document.querySelectorAll('#composer').length";
    assert_eq!(bo.script(composer).await, 0);
    bo.retry_click("#enter button").await;
    bo.find("#composer-content").await;
    bo.wait_until_connected().await;
    bo.find(&format!("#rooms-list {}", room_item(&open))).await;
    bo.say("thank you").await;
    ming.wait_for_message("thank you").await;
    bo.visit(&format!("/rooms/{closed}")).await;
    let composer = bo.script(composer).await;
    assert_eq!(composer, 0, "the closed room is open to Bo");
    expect_no_console_errors(&[&ming, &bo]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_member_leaves_the_room_page_and_receives_no_more_messages() {
    /// Records the frames that the window receives, across its pages.
    const LISTEN: &str = "WebSocket = class extends WebSocket { constructor(...rest) { super(...rest); \
        this.addEventListener('message', ({data}) => sessionStorage.heard = (sessionStorage.heard ?? '') + data) } }";
    let server = Teahouse::start();
    let (ming, bo) = ming_and_bo(&server).await;
    bo.cdp("Page.enable", json!({})).await;
    bo.cdp(
        "Page.addScriptToEvaluateOnNewDocument",
        json!({"source": LISTEN}),
    )
    .await;
    bo.reload().await;
    let room = create_room(&ming, "closed", "Backroom").await;
    ming.post("a word before").await;
    ming.open_panel().await;
    ming.fill("#invite-username", "bo").await;
    ming.retry_click("#invite button").await;
    ming.wait_for_text("#member-told", "accept").await;
    // The invitation appears in Bo's window, who accepts it.
    let script_ = "return document.querySelector('#rooms-invitations')?.hidden === false";
    bo.wait_until("the invitation is in the list", script_)
        .await;
    bo.accept_invitation().await;
    bo.open_room(&room).await;
    bo.wait_for_message("a word before").await;
    ming.wait_until_connected().await;
    ming.say("hello Bo").await;
    bo.wait_for_message("hello Bo").await;
    ming.open_panel().await;
    ming.retry_click("#people-list [data-username=Bo] [data-action=remove]")
        .await;
    let removed = Instant::now();
    let is_removed = format!(
        "return document.readyState === 'complete' && !document.body.innerText.includes('hello Bo') && \
         document.querySelector('.layout')?.dataset.roomId === '{LOBBY}' && !document.querySelector(\"{}\")",
        room_item(&room)
    );
    bo.wait_until("the room disappears", &is_removed).await;
    let took = removed.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    bo.wait_for_text("#toast", "Backroom").await;
    let condition = "return !document.querySelector('#people-list [data-username=Bo]')";
    ming.wait_until("Bo is removed from the list", condition)
        .await;
    ming.wait_until_connected().await;
    ming.post("among ourselves").await;
    // A later message in the Lobby arrives, so an earlier message in the room would have arrived before it.
    ming.visit_room("/rooms/1").await;
    ming.say("and now to all").await;
    bo.wait_for_message("and now to all").await;
    let frames = bo.script("return sessionStorage.heard").await.to_string();
    assert!(frames.contains("hello Bo") && frames.contains("and now to all"));
    assert!(!frames.contains("among ourselves"), "{frames}");
    bo.visit(&format!("/rooms/{room}")).await;
    let source = bo.source().await;
    assert!(!source.contains("Backroom") && !source.contains("among ourselves"));
    expect_no_console_errors(&[&ming, &bo]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_message_by_phone_number_reaches_a_signed_out_user() {
    let server = Teahouse::start();
    let (ming, bo) = ming_and_bo(&server).await;
    bo.sign_out().await;
    ming.click("#rooms-people").await;
    ming.fill("#to", BO).await;
    ming.retry_click("#direct-form button[type=submit]").await;
    ming.find(".layout[data-kind=direct][data-connection=online]")
        .await;
    let texts = ["are you there?", "there is tea", "and cake"];
    for text in texts {
        ming.post(text).await;
    }
    let name = ming.find(".room-title h1").await.text().await;
    assert_eq!(name.expect("text"), "Bo");
    bo.sign_in(BO).await;
    bo.wait_until_connected().await;
    let item = bo.find("#directs-list .rooms-item[data-unread='3']").await;
    let shown = item.text().await.expect("text");
    assert!(shown.contains("Ming"), "{shown}");
    let badge = "return document.querySelector('#directs-list .badge:not([hidden])')?.innerText.startsWith('3')";
    bo.wait_until("the badge shows 3", badge).await;
    let script = "return document.title.includes('3')";
    bo.wait_until("the title shows 3", script).await;
    item.click().await.expect("clicked");
    bo.find(".layout[data-kind=direct] .new-separator + .message[data-seq='1']")
        .await;
    assert_eq!(bo.texts().await, texts);
    bo.find("#directs-list .rooms-item[data-unread='0'] .badge[hidden]")
        .await;
    bo.say("I am now").await;
    ming.wait_for_message("I am now").await;
    expect_no_console_errors(&[&ming, &bo]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_and_people_pages_are_accessible_in_each_size_and_color_scheme() {
    let (server, ming) = server_and_ming().await;
    let [ana, bo] = Person::register_each(&server, ["Ana", "Bo"]).await;
    let room = ana.create_room("open", "Tea & cake", &[&bo]).await;
    let direct = ana.direct(&["Ming"]).await;
    ana.say_in(&direct, "hello").await;
    for path in ["/rooms", "/people", "/rooms?search=nothing"] {
        ming.visit(path).await;
        ming.find(&format!("{}[data-unread='1']", room_item(&direct)))
            .await;
        ming.check_accessibility(path).await;
    }
    ming.retry_click("#new-room-form button[type=submit]").await;
    ming.find("#name-error").await;
    ming.check_accessibility("a new room with errors").await;
    ming.visit(&format!("/rooms/{room}")).await;
    ming.check_accessibility("a room opened as a non-member")
        .await;
    let closed = create_room(&ming, "closed", "Backroom").await;
    assert_eq!(ming.path().await, format!("/rooms/{closed}"));
    for text in ["one", "two", "@Ming three"] {
        ming.post(text).await;
    }
    ming.open_panel().await;
    ming.fill("#invite-username", "nobody at all").await;
    ming.retry_click("#invite button").await;
    ming.find("#people[data-open] #username-error").await;
    ming.wait_until_connected().await;
    ming.script("document.querySelectorAll('#panel details').forEach(e => e.open = true)")
        .await;
    ming.check_accessibility("a room with its panel open").await;
    ming.open_room(&direct).await;
    ming.open_panel().await;
    ming.check_accessibility("a conversation with its panel open")
        .await;
    expect_no_console_errors(&[&ming]).await;
}
