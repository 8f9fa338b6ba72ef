//! Keyboard use in Chromium: focus stays near the last action, is visible, and has an accessible name.

use crate::browser::expect_no_console_errors;
use crate::support::{Browser, LOBBY, Person, Teahouse, room_item};
use serde_json::{Value, json};
use thirtyfour::Key;

const FOCUSED: &str = "const {activeElement} = document; return activeElement.dataset.messageAction ?? (activeElement.id || activeElement.tagName)";

async fn focused(browser: &Browser) -> Value {
    browser.script(FOCUSED).await
}

async fn focus_is(browser: &Browser, wanted: &str, when: &str) {
    assert_eq!(focused(browser).await, wanted, "the focus {when}");
}

async fn press_keys(browser: &Browser, keys: &[Key]) {
    for key in keys {
        let chain = browser.driver.action_chain();
        let text = key.clone() + "";
        chain.send_keys(text).perform().await.expect("pressed");
    }
}

/// Moves the focus from the message list to a message with the arrow keys.
async fn move_to(browser: &Browser, message: &str) {
    browser
        .script("document.querySelector('#log').focus()")
        .await;
    for _ in 0..10 {
        press_keys(browser, &[Key::Up]).await;
        if focused(browser).await == message {
            return;
        }
    }
    panic!("the arrow keys never reach {message}");
}

/// Returns the accessible role and name of the focused element.
async fn role_and_name(browser: &Browser) -> (String, String) {
    let evaluated = browser
        .cdp(
            "Runtime.evaluate",
            json!({"expression": "document.activeElement"}),
        )
        .await;
    let of = json!({"objectId": evaluated["result"]["objectId"], "fetchRelatives": false});
    let tree = browser.cdp("Accessibility.getPartialAXTree", of).await;
    let node = &tree["nodes"][0];
    let text = |field: &str| node[field]["value"].as_str().unwrap_or_default().to_owned();
    (text("role"), text("name"))
}

/// Opens Ming's window with two messages of Ana's and three of Ming's.
async fn window_with_messages(server: &Teahouse) -> (Browser, Person, Person) {
    let ana = Person::register(server, "Ana").await;
    let ming = Person::register(server, "Ming").await;
    for text in ["one", "two"] {
        ana.say(text).await;
    }
    for text in ["three", "four", "five"] {
        ming.say(text).await;
    }
    let browser = Browser::signed_in(server, &ming).await;
    browser.wait_for_message("five").await;
    (browser, ana, ming)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_reached_named_and_edited_by_keyboard() {
    let server = Teahouse::start();
    let (ming, _ana, _) = window_with_messages(&server).await;
    move_to(&ming, "message-2").await;
    let ring = "const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement); return `${outlineStyle} ${outlineWidth}`";
    let found = ming.script(ring).await;
    assert_eq!(found, "solid 2px", "the focus ring of a message");
    let (role, name) = role_and_name(&ming).await;
    let time = "return document.querySelector('#message-2 .message-time').textContent";
    let time = ming.script(time).await;
    let wanted = format!("Ana {} two", time.as_str().expect("a time"));
    assert_eq!((role.as_str(), name), ("article", wanted));
    ming.check_accessibility("a focused message").await;
    // The list is one tab stop; arrows, Home and End move inside it.
    press_keys(&ming, &[Key::Tab]).await;
    assert_eq!(
        ming.script(
            "return document.activeElement.closest('[role=toolbar]')?.getAttribute('aria-label')"
        )
        .await,
        "Message actions"
    );
    let steps = [
        (Key::Right, "message-person"),
        (Key::End, "mark-unread"),
        (Key::Right, "copy-link"),
        (Key::Left, "mark-unread"),
        (Key::Home, "copy-link"),
    ];
    focus_is(&ming, "copy-link", "after Tab").await;
    for (key, wanted) in steps {
        let when = format!("after {key:?}");
        press_keys(&ming, &[key]).await;
        focus_is(&ming, wanted, &when).await;
    }
    let stops = "return document.querySelectorAll('.message-actions [tabindex=\"0\"]').length";
    assert_eq!(ming.script(stops).await, 1, "tab stops");
    press_keys(&ming, &[Key::Escape]).await;
    focus_is(&ming, "message-2", "after Escape in the toolbar").await;
    press_keys(&ming, &[Key::Escape]).await;
    focus_is(&ming, "log", "after Escape at the message").await;
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn focus_stays_at_the_message_after_each_action() {
    let server = Teahouse::start();
    let (ming, ..) = window_with_messages(&server).await;
    // By keyboard.
    for (message, action) in [("message-2", "copy-link"), ("message-4", "mark-unread")] {
        move_to(&ming, message).await;
        press_keys(&ming, &[Key::Tab]).await;
        while focused(&ming).await != action {
            press_keys(&ming, &[Key::Right]).await;
        }
        press_keys(&ming, &[Key::Enter]).await;
        focus_is(&ming, message, &format!("after {action} by keyboard")).await;
    }
    for ending in [Key::Escape, Key::Enter] {
        move_to(&ming, "message-3").await;
        press_keys(&ming, &[Key::Tab]).await;
        while focused(&ming).await != "edit" {
            press_keys(&ming, &[Key::Right]).await;
        }
        press_keys(&ming, &[Key::Enter]).await;
        focus_is(&ming, "composer-content", "while editing").await;
        press_keys(&ming, std::slice::from_ref(&ending)).await;
        focus_is(&ming, "message-3", &format!("after editing and {ending:?}")).await;
    }
    move_to(&ming, "message-4").await;
    press_keys(&ming, &[Key::Tab, Key::End, Key::Enter]).await;
    focus_is(&ming, "confirm-delete", "at the question").await;
    press_keys(&ming, &[Key::Right]).await;
    focus_is(&ming, "cancel", "at the question after Right").await;
    press_keys(&ming, &[Key::Left, Key::Enter]).await;
    ming.find("#message-4[data-state=deleted]").await;
    focus_is(&ming, "message-4", "after Delete by keyboard").await;
    let offered = "return !document.querySelector('[data-message-action=delete]')";
    ming.wait_until("deleted messages have no delete action", offered)
        .await;
    // By pointer.
    for action in ["copy-link", "mark-unread", "delete"] {
        ming.act_on_message(5, action).await;
        if action == "delete" {
            ming.retry_click("#message-5 [data-message-action=confirm-delete]")
                .await;
            ming.find("#message-5[data-state=deleted]").await;
        }
        focus_is(&ming, "message-5", &format!("after {action} by pointer")).await;
    }
    expect_no_console_errors(&[&ming]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn focus_survives_redraws() {
    let server = Teahouse::start();
    let (ming, ana, person) = window_with_messages(&server).await;
    let room = ana.create_room("closed", "tea", &[&person]).await;
    // The list of people is redrawn when a user connects.
    let _ana_is_here = ana.socket().await;
    ming.open_panel().await;
    let talk = "#people-list .people-item:not([data-state=offline]) form button";
    ming.find(talk).await;
    ming.script(&format!("document.querySelector('{talk}').focus()"))
        .await;
    let bo = Person::register(&server, "Bo").await;
    let _bo_is_here = bo.socket().await;
    let script_ = "return [...document.querySelectorAll('#people-list .people-name')].some(name => name.textContent === 'Bo')";
    ming.wait_until("Bo is listed", script_).await;
    let label = ming
        .script("return document.activeElement.getAttribute('aria-label')")
        .await;
    assert_eq!(label, "Message Ana", "the focus in the list of people");
    ming.click(".people-close").await;
    focus_is(&ming, "people-toggle", "after the panel closed").await;
    // A room in the sidebar from which the user is removed.
    ming.find(&room_item(&room)).await;
    let line = format!("document.querySelector(\"{}\").focus()", room_item(&room));
    ming.script(&line).await;
    ana.remove(&room, &person).await;
    let gone = format!("return !document.querySelector(\"{}\")", room_item(&room));
    ming.wait_until("the room is gone", &gone).await;
    let lobby = format!(
        "return document.activeElement.dataset.roomId === '{LOBBY}' || document.activeElement.tagName"
    );
    let found = ming.script(&lobby).await;
    assert_eq!(found, true, "the focus after the room is removed");
    // A link in a message that is edited on another device.
    ming.script("document.querySelector('#message-1').tabIndex = -1; document.querySelector('#message-1').focus()")
        .await;
    ana.edit(LOBBY, 1, "changed").await;
    ming.wait_for_message("changed").await;
    focus_is(&ming, "message-1", "after its message changed").await;
    expect_no_console_errors(&[&ming]).await;
}
