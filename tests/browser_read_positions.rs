//! Read positions and unread counts in Chromium.

use crate::browser::{MING, expect_no_console_errors};
use crate::support::{Browser, Network, Person, Profile, Teahouse, eventually, room_item, until};
use serde_json::json;

/// Returns the last message that is completely visible.
const LAST_ON_SCREEN: &str = "const {top, bottom} = document.querySelector('#log').getBoundingClientRect(); \
    return Number([...document.querySelectorAll('#messages .message[data-seq]')].findLast(m => { \
    const end = m.getBoundingClientRect().bottom; return end > top && end <= bottom + 4 })?.dataset.seq)";

/// Creates a room of Ana and Bo with this many messages of Ana's.
async fn room_with(server: &Teahouse, messages: usize) -> (Person, Person, String) {
    let ana = Person::register(server, "Ana").await;
    let bo = Person::register(server, "Bo").await;
    let room = ana.create_room("closed", "tea", &[&bo]).await;
    let mut socket = ana.socket().await;
    for n in 1..=messages {
        socket.post(&room, &format!("message {n}")).await;
    }
    for _ in 0..messages {
        socket.expect("ack").await;
    }
    (ana, bo, room)
}

/// Waits until the page has evaluated which messages are visible, which it delays by 300 ms.
async fn wait_for_visibility_check(browser: &Browser) {
    let script = "const done = arguments[0]; setTimeout(() => requestAnimationFrame(done), 1000)";
    let done = browser.driver.execute_async(script, vec![]).await;
    done.expect("the script runs");
}

async fn read_seq(person: &Person, room: &str) -> i64 {
    person.room(room).await["readSeq"]
        .as_i64()
        .expect("a number")
}

async fn wait_for_unread(browser: &Browser, room: &str, count: u32) {
    let hidden = if count == 0 {
        "[hidden]"
    } else {
        ":not([hidden])"
    };
    let selector = format!("{}[data-unread='{count}'] .badge{hidden}", room_item(room));
    browser.find(&selector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_on_one_device_marks_read_on_the_other() {
    let server = Teahouse::start();
    let (ana, bo, room) = room_with(&server, 3).await;
    let (here, there) = tokio::join!(
        Browser::signed_in(&server, &bo),
        Browser::signed_in(&server, &bo)
    );
    for browser in [&here, &there] {
        wait_for_unread(browser, &room, 3).await;
    }
    here.open_room(&room).await;
    wait_for_unread(&there, &room, 0).await;
    wait_for_unread(&here, &room, 0).await;
    assert_eq!(read_seq(&bo, &room).await, 3);
    // Messages that arrive in a visible room stay read; marking unread changes the count on both devices.
    ana.say_in(&room, "message 4").await;
    here.wait_for_message("message 4").await;
    until("it is marked as read", async || {
        read_seq(&bo, &room).await == 4
    })
    .await;
    wait_for_unread(&there, &room, 0).await;
    let title = "return !document.title.includes('(')";
    there.wait_until("the title has no count", title).await;
    here.act_on_message(3, "mark-unread").await;
    wait_for_unread(&there, &room, 2).await;
    wait_for_unread(&here, &room, 2).await;
    here.find(".new-separator + .message[data-seq='3']").await;
    expect_no_console_errors(&[&here, &there]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfocused_window_marks_nothing_as_read() {
    let server = Teahouse::start();
    let (ana, bo, room) = room_with(&server, 3).await;
    let window = Browser::signed_in(&server, &bo).await;
    window.cdp("Page.enable", json!({})).await;
    let source = json!({"source": "if (!sessionStorage.looking) document.hasFocus = () => false"});
    window
        .cdp("Page.addScriptToEvaluateOnNewDocument", source)
        .await;
    window.reload().await;
    window.open_room(&room).await;
    window.find("#message-3").await;
    ana.say_in(&room, "message 4").await;
    window.wait_for_message("message 4").await;
    wait_for_visibility_check(&window).await;
    assert_eq!(read_seq(&bo, &room).await, 0);
    wait_for_unread(&window, &room, 4).await;
    window
        .script("delete document.hasFocus; dispatchEvent(new Event('focus'))")
        .await;
    wait_for_unread(&window, &room, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrolling_up_does_not_mark_unseen_messages_as_read() {
    let server = Teahouse::start();
    let (ana, bo, room) = room_with(&server, 160).await;
    assert_eq!(bo.mark_read(&room, 40).await, 204);
    let window = Browser::signed_in(&server, &bo).await;
    wait_for_unread(&window, &room, 120).await;
    window.open_room(&room).await;
    // The room opens at Bo's read position: visible messages are read, the hundred below are not.
    window
        .find(".new-separator + .message[data-seq='41']")
        .await;
    let shown = eventually("the visible messages are read", || async {
        let shown = window.script(LAST_ON_SCREEN).await.as_i64();
        shown.filter(|seq| *seq > 40 && *seq < 120)
    })
    .await;
    wait_for_visibility_check(&window).await;
    let read = read_seq(&bo, &room).await;
    let is_expected = read > 40
        && read <= shown.max(window.script(LAST_ON_SCREEN).await.as_i64().expect("a seq"));
    assert!(is_expected, "{read} is read, {shown} is visible");
    window
        .script("document.querySelector('#message-25').scrollIntoView()")
        .await;
    window.find("#message-5").await;
    wait_for_visibility_check(&window).await;
    assert_eq!(read_seq(&bo, &room).await, read);
    wait_for_unread(&window, &room, u32::try_from(160 - read).expect("a count")).await;
    // At the end everything is read; scrolled up, new messages below stay unread.
    window.retry_click("#jump-to-latest:not([hidden])").await;
    wait_for_unread(&window, &room, 0).await;
    window
        .script("document.querySelector('#message-120').scrollIntoView()")
        .await;
    window.find("#message-100").await;
    for n in 161..=163 {
        ana.say_in(&room, &format!("message {n}")).await;
    }
    window.wait_for_message("message 163").await;
    wait_for_visibility_check(&window).await;
    assert_eq!(read_seq(&bo, &room).await, 160);
    wait_for_unread(&window, &room, 3).await;
    let pill = window.find("#jump-to-latest:not([hidden])").await;
    assert!(pill.text().await.expect("text").contains('3'));
    pill.click().await.expect("clicked");
    wait_for_unread(&window, &room, 0).await;
    until("the server has stored it", async || {
        read_seq(&bo, &room).await == 163
    })
    .await;
    expect_no_console_errors(&[&window]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edit_and_deletion_reach_a_window_that_was_offline() {
    let (server, [bo]) = Teahouse::with_users(["Bo"]).await;
    let ming = Browser::registered(&server, Profile::English, MING, "Ming").await;
    for text in ["a mistake", "stays", "a misteak"] {
        ming.post(text).await;
    }
    let network = Network::before(&server).await;
    let window = Browser::open(&server, Profile::English).await;
    let login = format!("{}/login", network.url);
    window.driver.goto(login).await.expect("the page loads");
    window.sign_in(&bo.phone).await;
    window.wait_until_connected().await;
    window.wait_for_message("a misteak").await;
    window.script("window.before = true").await;
    window.disconnect(&network).await;
    // The Up key edits the last message; another is deleted with the pointer.
    ming.press("#composer-content", thirtyfour::Key::Up).await;
    ming.find("#composer-editing").await;
    ming.fill("#composer-content", "a biscuit").await;
    ming.press("#composer-content", thirtyfour::Key::Enter)
        .await;
    ming.find("#message-3 .message-edited").await;
    ming.act_on_message(1, "delete").await;
    ming.retry_click("#message-1 [data-message-action=confirm-delete]")
        .await;
    ming.find("#message-1[data-state=deleted] .message-deleted")
        .await;
    ming.post("and another").await;
    let old = ["a mistake", "stays", "a misteak"];
    assert_eq!(window.texts().await, old, "it is online");
    network.reconnect(&window).await;
    let new = ["stays", "a biscuit", "and another"];
    window.wait_for_message("and another").await;
    window.wait_for_message("a biscuit").await;
    window.find("#message-3 .message-edited").await;
    window
        .find("#message-1[data-state=deleted] .message-deleted")
        .await;
    for browser in [&window, &ming] {
        assert_eq!(browser.texts().await, new);
    }
    let source = window.source().await;
    assert!(!source.contains("a mistake") && !source.contains("a misteak"));
    assert_eq!(window.script("return window.before").await, true);
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permalink_opens_after_signing_in() {
    let server = Teahouse::start();
    let (_ana, bo, room) = room_with(&server, 120).await;
    let first = Browser::signed_in(&server, &bo).await;
    let permissions = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    first.cdp("Browser.grantPermissions", permissions).await;
    first.visit_room(&format!("/rooms/{room}?at=20")).await;
    first.act_on_message(20, "copy-link").await;
    let script_ = "return document.querySelector('#toast').innerText !== ''";
    first.wait_until("a notice is shown", script_).await;
    let copied = first
        .driver
        .execute_async("navigator.clipboard.readText().then(arguments[0])", vec![])
        .await
        .expect("the script runs");
    let link = copied.json().as_str().expect("a link").to_owned();
    let path = link.strip_prefix(&server.url).expect("of this server");
    assert_eq!(path, format!("/rooms/{room}?at=20"));
    let second = Browser::open(&server, Profile::English).await;
    second.visit(path).await;
    second.find("#login").await;
    assert!(!second.source().await.contains("message 20"));
    second.sign_in(&bo.phone).await;
    second
        .find("#message-20[data-target][data-state=stored]")
        .await;
    assert_eq!(second.path().await, path);
    let on_screen = "const m = document.querySelector('#message-20').getBoundingClientRect(); \
        const log = document.querySelector('#log').getBoundingClientRect(); return m.top >= log.top && m.bottom <= log.bottom";
    second.wait_until("the message is visible", on_screen).await;
    // Older and newer messages load from there.
    for seq in [1, 120] {
        until("more messages are loaded", async || {
            second
                .script("const all = document.querySelectorAll('#messages .message[data-seq]'); \
                    (document.querySelector('#message-1') ? all[all.length - 1] : all[0]).scrollIntoView()")
                .await;
            let there = format!("return document.querySelector('#message-{seq}') !== null");
second.script(&there).await == true})
        .await;
    }
    expect_no_console_errors(&[&first, &second]).await;
}
