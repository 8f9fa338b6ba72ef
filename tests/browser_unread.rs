//! Live unread counts in Chromium; they equal those after a reload.

use crate::browser::expect_no_console_errors;
use crate::support::{Browser, Teahouse, room_item, until};
use serde_json::{Value, json};

/// Waits until the room list shows this unread count and mention flag.
const SHOWN: &str = "return ((line) => line && [Number(line.dataset.unread), !!line.querySelector('.rooms-mention')])";

async fn wait_for_unread(
    browser: &Browser,
    room: &str,
    unread: u32,
    is_mentioned: bool,
    what: &str,
) {
    let selector = room_item(room);
    let expected = json!([unread, is_mentioned]);
    let script = format!("{SHOWN}(document.querySelector(\"{selector}\"))");
    let mut last = Value::Null;
    let reached = tokio::time::timeout(crate::support::TIMEOUT, async {
        loop {
            last = browser.script(&script).await;
            if last == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    assert!(reached.await.is_ok(), "{what}: {last}, not {expected}");
}

async fn wait_for_title_count(browser: &Browser, count: u32) {
    let script = match count {
        0 => "return !document.title.includes('(')".to_owned(),
        count => format!("return document.title.includes('({count})')"),
    };
    browser
        .wait_until(&format!("the title shows {count}"), &script)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_and_deleted_messages_do_not_change_counts_in_other_windows() {
    let (server, [ana, bo]) = Teahouse::with_users(["Ana", "Bo"]).await;
    let room = ana.create_room("closed", "tea", &[&bo]).await;
    let everything = [("involvement", "everything")];
    let path = format!("/rooms/{room}/involvement");
    assert_eq!(bo.submit("put", &path, &everything).await, 303);
    ana.say_in(&room, "before you came, @Bo").await;
    ana.say_in(&room, "and this").await;
    let (here, there) = tokio::join!(
        Browser::signed_in(&server, &bo),
        Browser::signed_in(&server, &bo)
    );
    for browser in [&here, &there] {
        wait_for_unread(browser, &room, 2, true, "at first").await;
        wait_for_title_count(browser, 2).await;
    }
    // Bo writes from a third device while others' messages are unread: no window counts it.
    bo.say_in(&room, "mine, from elsewhere").await;
    ana.say_in(&room, "4 @Bo").await;
    for browser in [&here, &there] {
        wait_for_unread(browser, &room, 3, true, "after my own").await;
    }
    for (seq, unread, is_mentioned) in [(2, 2, true), (4, 1, true), (1, 0, false)] {
        assert_eq!(ana.delete_message(&room, seq).await, 204);
        for browser in [&here, &there] {
            wait_for_unread(browser, &room, unread, is_mentioned, "deleted").await;
            wait_for_title_count(browser, unread).await;
        }
    }
    // An edit of a message that no window has loaded adds a mention of Bo, and another removes it.
    ana.say_in(&room, "5").await;
    there.reload().await;
    ana.edit(&room, 5, "5 @Bo").await;
    for browser in [&here, &there] {
        wait_for_unread(browser, &room, 1, true, "edited").await;
    }
    ana.edit(&room, 5, "5 again").await;
    for browser in [&here, &there] {
        wait_for_unread(browser, &room, 1, false, "edited again").await;
    }
    // Marked unread, with own messages after the read position.
    let path = format!("/rooms/{room}/read_mark");
    let fields = [("seq", "3"), ("unread", "true")];
    assert_eq!(bo.submit("put", &path, &fields).await, 303);
    bo.say_in(&room, "mine again").await;
    ana.say_in(&room, "7").await;
    for browser in [&here, &there] {
        wait_for_unread(browser, &room, 2, false, "set back").await;
        browser.reload().await;
        wait_for_unread(browser, &room, 2, false, "reloaded").await;
    }
    // Bo writes in one window while the other shows another room.
    here.open_room(&room).await;
    wait_for_unread(&there, &room, 0, false, "read").await;
    here.say("at the end").await;
    until("it is stored", async || bo.room(&room).await["seq"] == 8).await;
    wait_for_unread(&there, &room, 0, false, "written in the other window").await;
    wait_for_title_count(&there, 0).await;
    expect_no_console_errors(&[&here, &there]).await;
}
