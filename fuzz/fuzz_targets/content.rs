//! Accepted content round-trips, and its HTML contains only Teahouse's own markup.
#![no_main]

use libfuzzer_sys::fuzz_target;
use teahouse::models::values::content::{Content, to_html};
use teahouse::models::message::mention;

fuzz_target!(|sent: &str| {
    let Ok(content) = Content::parse(sent) else {
        return;
    };
    let text = content.as_str();
    assert_eq!(Content::parse(text).as_ref(), Ok(&content));
    let named = mention::find(text, |key| (key.len() > 2).then_some(7));
    let html = to_html(text, &named);
    let bare = html
        .replace("<br>", "\n")
        .replace("</a>", "")
        .replace("<span class=\"mention\" data-user-id=\"7\">", "")
        .replace("</span>", "");
    let mut shown = String::new();
    let mut rest = bare.as_str();
    while let Some((before, link)) = rest.split_once("<a href=\"") {
        let (address, after) = link.split_once('"').expect("a closing quote");
        let (scheme, _) = address.split_once(':').expect("a URL");
        let more = match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => " rel=\"noopener noreferrer nofollow\" target=\"_blank\">",
            "mailto" => ">",
            _ => panic!("{html}"),
        };
        assert!(!address.contains(['<', '>', '\'']), "{html}");
        shown.push_str(before);
        rest = after.strip_prefix(more).expect("only our own markup");
    }
    shown.push_str(rest);
    assert!(!shown.contains(['<', '>', '"', '\'']), "{html}");
    let shown = shown
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    assert_eq!(shown, text);
});
