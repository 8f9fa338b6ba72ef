//! Whatever people write is shown as they wrote it, and is never a part of the page.

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

/// Fails unless the HTML holds nothing but text, line breaks and links to web pages.
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

/// The text that a reader sees.
fn shown(html: &str) -> String {
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
async fn a_message_is_text_whatever_it_looks_like() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    for attack in ATTACKS {
        let message = ming.say(attack).await;
        let html = message["html"].as_str().expect("html");
        assert!(is_harmless(html), "{attack} became {html}");
        assert_eq!(shown(html), attack, "{html}");
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
async fn links_can_be_followed_and_lead_where_they_say() {
    let (_house, [ming]) = Teahouse::with_people(["Ming"]).await;
    let html = ming
        .say("see https://example.com/a?b=1&c=2#d, or http://例え.jp/茶。")
        .await["html"]
        .as_str()
        .expect("html")
        .to_owned();
    assert!(
        html.contains("<a href=\"https://example.com/a?b=1&amp;c=2#d\""),
        "{html}"
    );
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
async fn names_are_text_too() {
    let (house, [ming]) = Teahouse::with_people(["Ming"]).await;
    // Nobody can choose such a name; should one get into the database all the same, it stays a name.
    house
        .database()
        .run("UPDATE users SET username = '\"><script>alert(1)</script>'");
    house.database().run("UPDATE rooms SET name = '</title><script>alert(2)</script>', topic = '\"><img src=x onerror=alert(3)>'");
    ming.say("hello").await;
    let page = ming.page("/rooms/1").await;
    for evil in ["<script>alert", "<img src=x", "</title><script"] {
        assert!(!page.contains(evil), "{evil}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("&lt;script&gt;alert(2)"));
}
