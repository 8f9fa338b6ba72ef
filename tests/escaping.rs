//! Content of users is shown as text and never becomes markup.

use crate::support::{LOBBY, Teahouse};

const ATTACKS: [&str; 12] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg/onload=alert(1)>",
    "'\"`</textarea></title><script>alert(1)</script>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://example.com/\"onmouseover=\"alert(1)",
    "https://example.com/'><script>alert(1)</script>",
    "http://example.com/<script>alert(1)</script>?a=1&b=\"2\"",
    "https://javascript:alert(1)@example.com/",
    "{{ 7 * 7 }} {% include \"layout.html\" %}",
    "&lt;script&gt; &amp;amp; <!-- --> ]]>",
];

/// Returns whether the HTML contains only text, line breaks and links to web pages.
fn is_harmless(html: &str) -> bool {
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else {
            return false;
        };
        let tag = &rest[start + 1..start + length];
        let link = tag
            .strip_prefix("a href=\"")
            .and_then(|tag| tag.split_once('"'));
        let good = match link {
            Some((href, more)) => {
                let web = href.starts_with("http://")
                    || href.starts_with("https://")
                    || href.starts_with("mailto:");
                web && !more.contains("=alert") && !more.contains(" on")
            }
            None => matches!(tag, "br" | "/a" | "br/" | "br /"),
        };
        if !good {
            return false;
        }
        rest = &rest[start + length + 1..];
    }
    true
}

/// Returns the text that a reader sees.
fn visible_text(html: &str) -> String {
    let mut text = String::new();
    for (n, part) in html.split('<').enumerate() {
        text.push_str(if n == 0 {
            part
        } else {
            part.split_once('>').map_or("", |(_, text)| text)
        });
    }
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&#x60;", "`"),
        ("&amp;", "&"),
    ];
    entities.iter().fold(text, |text, (entity, character)| {
        text.replace(entity, character)
    })
}

#[tokio::test]
async fn message_content_is_always_text() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    for attack in ATTACKS {
        let message = ming.say(attack).await;
        let html = message["html"].as_str().expect("html");
        assert!(is_harmless(html), "{attack} became {html}");
        assert_eq!(visible_text(html), attack, "{html}");
        assert_eq!(message["content"], attack);
    }
    for page in [
        ming.page("/rooms/1").await,
        ming.page("/rooms/1/messages").await,
    ] {
        for evil in [
            "<script>alert",
            "<img src=x",
            "<svg/onload",
            "</textarea></title>",
            "href=\"javascript",
            "href=\"data",
        ] {
            assert!(!page.contains(evil), "{evil}");
        }
    }
    assert_eq!(ming.history(LOBBY).await.len(), ATTACKS.len());
}

#[tokio::test]
async fn links_are_clickable_and_lead_to_the_shown_address() {
    let (_server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let html = ming
        .say("see https://example.com/a?b=1&c=2#d, or http://例え.jp/茶。")
        .await["html"]
        .as_str()
        .expect("html")
        .to_owned();
    let is_shown = html.contains("<a href=\"https://example.com/a?b=1&amp;c=2#d\"");
    assert!(is_shown, "{html}");
    assert_eq!(html.matches("<a ").count(), 2, "{html}");
    for rel in ["noopener", "noreferrer"] {
        assert_eq!(html.matches(rel).count(), 2, "{html}");
    }
    assert!(is_harmless(&html), "{html}");
    let html = ming.say("two\nlines").await["html"]
        .as_str()
        .expect("html")
        .to_owned();
    assert_eq!(html.matches("<br").count(), 1, "{html}");
}

#[tokio::test]
async fn names_are_escaped() {
    let (server, [ming]) = Teahouse::with_users(["Ming"]).await;
    // Such names are rejected at registration; one in the database must still be escaped.
    server.execute("UPDATE users SET username = '\"><script>alert(1)</script>'");
    server.execute("UPDATE rooms SET name = '</title><script>alert(2)</script>', topic = '\"><img src=x onerror=alert(3)>'");
    ming.say("hello").await;
    let page = ming.page("/rooms/1").await;
    for evil in ["<script>alert", "<img src=x", "</title><script"] {
        assert!(!page.contains(evil), "{evil}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;script&gt;alert(2)"));
}
