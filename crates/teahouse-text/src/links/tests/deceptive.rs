//! Texts that try to mislead readers or to cause excessive work.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::{check, find, found};

#[test]
fn deceptive_urls_are_not_linked() {
    let cases = [
        "https://bank.example@evil.example",
        "https://bank.example:443@evil.example/path",
        "https://mei:secret@evil.example/",
        "https://bank.example;x@evil.example",
        "https://bank.example,www.bank.example@evil.example",
        "https://茶a@evil.example/",
        "https://bank.example＠evil.example",
        "https://evil.example\\@bank.example",
        "https://evil.example\\.bank.example",
        "https://bank.example%40evil.example",
        "https://bank.example%2Fevil.example",
        "https://bank\u{202e}elpmaxe.live\u{202c}.example",
        "https://bank.example\u{202e}moc.live",
        "https://bank.example\u{2067}x",
        "https://bank.exam\u{ad}ple/",
        "https://bank.exam\u{200b}ple",
        "https://bank.example\u{200b}.evil.example",
        "https://bank\u{200d}.example/a",
        "https://bank.example\u{feff}@evil.example",
        "https://bank.example/\u{202e}gpj.exe",
        "https://bank.example/a\u{2066}b\u{2069}",
        "\u{202e}https://evil.example/moc.knab",
        "x \u{202d}y https://evil.example/a",
        "https://раypal.com/",
        "https://bank.exаmple.com",
        "https://bank.coм",
        "https://ｂａｎｋ.example",
        "https://𝐛𝐚𝐧𝐤.example",
        "https://example。com/path",
        "https://bank.example:99999/",
        "javascript:alert(1)",
        "JavaScript://www.example.com/%0aalert(1)",
        "data:text/html,www.example.com",
        "file:///etc/passwd file://www.example.com/x",
        "ftp://mei@example.com ftp://www.example.com",
        "svn+https://example.com",
        "https:example.com https:/example.com https:///example.com",
        "https:// https://. https://- https://example https://a..b.com",
    ];
    for text in cases {
        assert_eq!(found(text), Vec::<&str>::new(), "{text:?}");
    }
}

#[test]
fn bidi_override_ends_with_its_line_or_terminator() {
    check(&[
        "\u{202e}x\n⟦https://example.com⟧",
        "\u{202e}x\u{202c} ⟦https://example.com⟧",
        "\u{202e}\u{2066}⟦https://example.com⟧\u{2069}",
    ]);
}

#[test]
fn finding_links_takes_linear_time() {
    let parts = "https://a.bc?茶 https://a.bc; https://a.bc( https://a.bc/( https://a.bc, https://a.b https://茶 \
        :// www.a.bc; www. a@ a@b.cd \u{200b} \u{202e} @ a 茶 w : [ a. 茶.";
    for part in parts.split(' ') {
        for prefix in ["", "https://a.bc/", "https://", "mei@", "www.", "\u{202e}"] {
            let text = |chars: usize| -> String {
                let all = prefix.chars().chain(part.chars().cycle());
                all.take(chars).collect()
            };
            let time = |text: &str| {
                let took = (0..3).map(|_| {
                    let started = cpu_time();
                    std::hint::black_box(find(text));
                    cpu_time() - started
                });
                took.min().unwrap_or_default()
            };
            let (short, long) = (time(&text(2_000)), time(&text(16_000)));
            let allowed = short * 8 * 4 + Duration::from_millis(5);
            assert!(
                long < allowed,
                "{prefix:?} + {part:?}: {short:?}, 8 times as long {long:?}"
            );
        }
    }
}

/// Returns the CPU time of this thread, which is independent of the machine's load.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a positive time")
}
