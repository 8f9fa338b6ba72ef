//! What was read and what was missed, in Chromium.

use crate::browser::{MING, nothing_to_complain_about};
use crate::support::{Browser, Network, Person, Profile, Teahouse, eventually, line_of};
use serde_json::json;

/// The last message that is wholly on screen.
const LAST_ON_SCREEN: &str = "const {top, bottom} = document.querySelector('#log').getBoundingClientRect(); \
    return Number([...document.querySelectorAll('#messages .message[data-seq]')].findLast(m => { \
    const end = m.getBoundingClientRect().bottom; return end > top && end <= bottom + 4 })?.dataset.seq)";

/// Ana and Bo in a room of theirs, in which Ana has said so many things.
async fn room_with(house: &Teahouse, messages: usize) -> (Person, Person, String) {
    let ana = Person::register(house, "Ana").await;
    let bo = Person::register(house, "Bo").await;
    let room = ana.make_room("closed", "tea", &[&bo]).await;
    let mut socket = ana.socket().await;
    for n in 1..=messages {
        socket.post(&room, &format!("message {n}")).await;
    }
    for _ in 0..messages {
        socket.expect("ack").await;
    }
    (ana, bo, room)
}

/// Waits until the page has looked at what is on screen: its timers run out in their order, and it waits 300 ms.
async fn looked(browser: &Browser) {
    let script = "const done = arguments[0]; setTimeout(() => requestAnimationFrame(done), 1000)";
    let done = browser.driver.execute_async(script, vec![]).await;
    done.expect("the script runs");
}

async fn read_seq(person: &Person, room: &str) -> i64 {
    person.room(room).await["readSeq"]
        .as_i64()
        .expect("a number")
}

async fn unread_is(browser: &Browser, room: &str, count: u32) {
    let hidden = if count == 0 {
        "[hidden]"
    } else {
        ":not([hidden])"
    };
    let selector = format!("{}[data-unread='{count}'] .badge{hidden}", line_of(room));
    browser.find(&selector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_on_one_device_is_read_on_the_other() {
    let house = Teahouse::start();
    let (ana, bo, room) = room_with(&house, 3).await;
    let (here, there) = tokio::join!(Browser::of(&house, &bo), Browser::of(&house, &bo));
    for browser in [&here, &there] {
        unread_is(browser, &room, 3).await;
    }
    here.go_into(&room).await;
    unread_is(&there, &room, 0).await;
    unread_is(&here, &room, 0).await;
    assert_eq!(read_seq(&bo, &room).await, 3);
    // What is said while it is looked at counts nowhere in the end; what is put back counts on both.
    ana.say_in(&room, "message 4").await;
    here.sees("message 4").await;
    eventually("it is read", || async {
        (read_seq(&bo, &room).await == 4).then_some(())
    })
    .await;
    unread_is(&there, &room, 0).await;
    let title = "return !document.title.includes('(')";
    there.until("the title is quiet", title).await;
    here.find("#message-3 .message-body")
        .await
        .click()
        .await
        .expect("clicked");
    here.press("#message-3 .message-actions [data-message-action=mark-unread]")
        .await;
    unread_is(&there, &room, 2).await;
    unread_is(&here, &room, 2).await;
    here.find(".new-separator + .message[data-seq='3']").await;
    nothing_to_complain_about(&[&here, &there]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_in_a_window_that_nobody_looks_at() {
    let house = Teahouse::start();
    let (ana, bo, room) = room_with(&house, 3).await;
    let window = Browser::of(&house, &bo).await;
    window.cdp("Page.enable", json!({})).await;
    let source = json!({"source": "if (!sessionStorage.looking) document.hasFocus = () => false"});
    window
        .cdp("Page.addScriptToEvaluateOnNewDocument", source)
        .await;
    window.driver.refresh().await.expect("reloaded");
    window.connected().await;
    window.go_into(&room).await;
    window.find("#message-3").await;
    ana.say_in(&room, "message 4").await;
    window.sees("message 4").await;
    looked(&window).await;
    assert_eq!(read_seq(&bo, &room).await, 0);
    unread_is(&window, &room, 4).await;
    window
        .script("delete document.hasFocus; dispatchEvent(new Event('focus'))")
        .await;
    unread_is(&window, &room, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrolling_up_does_not_read_what_was_never_shown() {
    let house = Teahouse::start();
    let (ana, bo, room) = room_with(&house, 160).await;
    assert_eq!(bo.has_read(&room, 40).await, 204);
    let window = Browser::of(&house, &bo).await;
    unread_is(&window, &room, 120).await;
    window.go_into(&room).await;
    // It opens where Bo left off: what is on screen is read, the hundred below is not.
    window
        .find(".new-separator + .message[data-seq='41']")
        .await;
    let shown = eventually("what is on screen is read", || async {
        let shown = window.script(LAST_ON_SCREEN).await.as_i64();
        shown.filter(|seq| *seq > 40 && *seq < 120)
    })
    .await;
    looked(&window).await;
    let read = read_seq(&bo, &room).await;
    assert!(
        read > 40
            && read <= shown.max(window.script(LAST_ON_SCREEN).await.as_i64().expect("a seq")),
        "{read} is read, {shown} is shown"
    );
    window
        .script("document.querySelector('#message-25').scrollIntoView()")
        .await;
    window.find("#message-5").await;
    looked(&window).await;
    assert_eq!(read_seq(&bo, &room).await, read);
    unread_is(&window, &room, u32::try_from(160 - read).expect("a count")).await;
    // At the end everything is read; up again, what comes below is not.
    window.press("#jump-to-latest:not([hidden])").await;
    unread_is(&window, &room, 0).await;
    window
        .script("document.querySelector('#message-120').scrollIntoView()")
        .await;
    window.find("#message-100").await;
    for n in 161..=163 {
        ana.say_in(&room, &format!("message {n}")).await;
    }
    window.sees("message 163").await;
    looked(&window).await;
    assert_eq!(read_seq(&bo, &room).await, 160);
    unread_is(&window, &room, 3).await;
    let pill = window.find("#jump-to-latest:not([hidden])").await;
    assert!(pill.text().await.expect("text").contains('3'));
    pill.click().await.expect("clicked");
    unread_is(&window, &room, 0).await;
    eventually("the house knows it", || async {
        (read_seq(&bo, &room).await == 163).then_some(())
    })
    .await;
    nothing_to_complain_about(&[&window]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_and_a_deletion_reach_a_window_that_was_offline() {
    let (house, [bo]) = Teahouse::with_people(["Bo"]).await;
    let ming = Browser::open(&house, Profile::English).await;
    ming.look_at().await;
    ming.register(MING, "Ming").await;
    ming.connected().await;
    for text in ["a mistake", "stays", "a misteak"] {
        ming.say(text).await;
        ming.sees(text).await;
    }
    let network = Network::to(&house).await;
    let window = Browser::open(&house, Profile::English).await;
    let door = format!("{}/login", network.url);
    window.driver.goto(door).await.expect("the page loads");
    window.sign_in(&bo.phone).await;
    window.connected().await;
    window.sees("a misteak").await;
    window.script("window.before = true").await;
    network.fail(&window).await;
    window
        .find("#connection[data-state=reconnecting], #connection[data-state=offline]")
        .await;
    // Up changes the last message; the pointer offers to delete another.
    let field = ming.find("#composer-content").await;
    field
        .send_keys(thirtyfour::Key::Up + "")
        .await
        .expect("typed");
    ming.find("#composer-editing").await;
    ming.fill("#composer-content", "a biscuit").await;
    field
        .send_keys(thirtyfour::Key::Enter + "")
        .await
        .expect("typed");
    ming.find("#message-3 .message-edited").await;
    ming.click("#message-1 .message-body").await;
    ming.press("#message-1 [data-message-action=delete]").await;
    ming.press("#message-1 [data-message-action=confirm-delete]")
        .await;
    ming.find("#message-1[data-state=deleted] .message-deleted")
        .await;
    ming.say("and another").await;
    ming.sees("and another").await;
    let old = ["a mistake", "stays", "a misteak"];
    assert_eq!(window.texts().await, old, "it is not offline");
    network.come_back(&window).await;
    let new = ["stays", "a biscuit", "and another"];
    window.sees("and another").await;
    window.sees("a biscuit").await;
    window.find("#message-3 .message-edited").await;
    window
        .find("#message-1[data-state=deleted] .message-deleted")
        .await;
    for browser in [&window, &ming] {
        assert_eq!(browser.texts().await, new);
    }
    let source = window.driver.source().await.expect("a page");
    assert!(!source.contains("a mistake") && !source.contains("a misteak"));
    assert_eq!(window.script("return window.before").await, true);
    nothing_to_complain_about(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permalink_opened_signed_out_leads_there_after_signing_in() {
    let house = Teahouse::start();
    let (_ana, bo, room) = room_with(&house, 120).await;
    let first = Browser::of(&house, &bo).await;
    let permissions = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    first.cdp("Browser.grantPermissions", permissions).await;
    first.visit(&format!("/rooms/{room}?at=20")).await;
    first.connected().await;
    first.click("#message-20 .message-body").await;
    first
        .press("#message-20 [data-message-action=copy-link]")
        .await;
    first
        .until(
            "it says so",
            "return document.querySelector('#toast').innerText !== ''",
        )
        .await;
    let copied = first
        .driver
        .execute_async("navigator.clipboard.readText().then(arguments[0])", vec![])
        .await
        .expect("the script runs");
    let link = copied.json().as_str().expect("a link").to_owned();
    let path = link.strip_prefix(&house.url).expect("of this house");
    assert_eq!(path, format!("/rooms/{room}?at=20"));
    let second = Browser::open(&house, Profile::English).await;
    second.visit(path).await;
    second.find("#login").await;
    let page = second.driver.source().await.expect("a page");
    assert!(!page.contains("message 20"));
    second.sign_in(&bo.phone).await;
    second
        .find("#message-20[data-target][data-state=stored]")
        .await;
    assert_eq!(second.path().await, path);
    let on_screen = "const m = document.querySelector('#message-20').getBoundingClientRect(); \
        const log = document.querySelector('#log').getBoundingClientRect(); return m.top >= log.top && m.bottom <= log.bottom";
    second.until("it is on screen", on_screen).await;
    // From there it goes on in both directions.
    for seq in [1, 120] {
        eventually("the page grows", || async {
            second
                .script("const all = document.querySelectorAll('#messages .message[data-seq]'); \
                    (document.querySelector('#message-1') ? all[all.length - 1] : all[0]).scrollIntoView()")
                .await;
            let there = format!("return document.querySelector('#message-{seq}') !== null");
            (second.script(&there).await == true).then_some(())
        })
        .await;
    }
    nothing_to_complain_about(&[&first, &second]).await;
}
