//! Random records, sound and broken: the scanner vouches for nothing that serde_json refuses.

use proptest::prelude::*;

use super::StringScanner;

/// What the scanner vouches for, serde_json must give too. Returns whether it did vouch.
///
/// Half a surrogate pair in a key or in a value that does not count is no fault to us; serde_json gets the record
/// without it.
fn check(record: &str) -> bool {
    let mut scanner = StringScanner::new();
    let Some(scanned) = scanner.string_at(record.as_bytes(), "text") else { return false };
    let whole = without_halves(record);
    let value: serde_json::Value = serde_json::from_str(&whole).unwrap_or_else(|e| panic!("{record}: {e}"));
    assert_eq!(value["text"], scanned, "{record}");
    true
}

/// The record without the halves of surrogate pairs that stand alone.
fn without_halves(mut record: &str) -> String {
    let unit = |escape: &str| {
        let digits = escape.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let mut whole = String::new();
    while let Some(at) = record.find('\\') {
        let escape = &record[at..];
        let (kept, length) = match unit(escape) {
            Some(0xD800..0xDC00) if matches!(unit(&escape[6..]), Some(0xDC00..0xE000)) => (12, 12),
            Some(0xD800..0xE000) => (0, 6),
            _ => (1, 1),
        };
        // A character after a lone backslash goes with it: it may be a backslash too.
        let more = if length == 1 { escape[1..].chars().next().map_or(0, char::len_utf8) } else { 0 };
        whole += &record[..at + kept + more];
        record = &record[at + length + more..];
    }
    whole + record
}

/// JSON as anyone may write it: any nesting, any spaces, and now and then not JSON.
fn value() -> impl Strategy<Value = String> {
    let odd = ["true", "false", "null", "01", "-", "1.", "+1", ".5", "NaN", "tru", "1e", "é"];
    let leaf = prop_oneof![
        string(),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        prop::sample::select(odd.to_vec()).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let item = (space(), inner.clone(), space()).prop_map(|(a, value, b)| a + &value + &b);
        let field = (string(), space(), inner).prop_map(|(key, s, value)| format!("{key}{s}:{s}{value}"));
        prop_oneof![
            prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(field, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(", "))),
        ]
    })
}

/// A string with escapes of every kind, some of them wrong.
fn string() -> impl Strategy<Value = String> {
    let right =
        [r"\n", r#"\""#, r"\\", r"\/", r"\b", r"\f", r"\r", r"\t", r"\u00e9", r"\ud83d\ude00", r"\u0000"];
    let wrong = [r"\ud800", r"\udc00", r"\ud800\ud800", r"\x", r"\u12", "\t", r"\u00g0", "\u{7f}"];
    let piece = prop_oneof![
        6 => "[a-z é😀]{0,8}",
        2 => prop::sample::select(right.to_vec()).prop_map(str::to_owned),
        1 => prop::sample::select(wrong.to_vec()).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn space() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "", " ", "  ", "\t"]).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn on_records_of_every_kind(
        before in prop::collection::vec((string(), value()), 0..3),
        text in prop_oneof![9 => string(), 1 => value()],
        after in prop::collection::vec(
            (prop_oneof![3 => string(), 1 => Just("\"text\"".to_owned())], value()),
            0..3,
        ),
        spaces in prop::array::uniform4(space()),
    ) {
        let [a, b, c, d] = spaces;
        let fields = before.into_iter().chain([("\"text\"".to_owned(), text)]).chain(after);
        let fields: Vec<String> = fields.map(|(key, value)| format!("{a}{key}{b}:{c}{value}{d}")).collect();
        check(&format!("{d}{{{}}}{a}", fields.join(",")));
    }

    #[test]
    fn on_records_with_a_byte_gone_or_changed(at in 0usize..100, to in prop::option::of("[ -~]")) {
        let whole =
            r#"{"id": -1.5e+3, "x": [true, {"y": null}, "a\u00e9\n"], "text": "b\ud83d\ude00\"c", "z": {}}"#;
        prop_assert!(check(whole), "an ordinary record is vouched for");
        let at = at % whole.len();
        check(&(whole[..at].to_owned() + to.as_deref().unwrap_or("") + &whole[at + 1..]));
        check(&whole[..at]);
    }

    /// Parts of characters stand next to escapes, to each other and at the ends of what is copied at once.
    #[test]
    fn never_on_what_is_not_utf8(
        pieces in prop::collection::vec(
            prop_oneof![
                4 => prop::sample::select(vec!["é", "字", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\\"", ""])
                    .prop_map(|piece| piece.as_bytes().to_vec()),
                2 => "[a-z]{0,70}".prop_map(String::into_bytes),
                1 => prop::sample::select(vec![&b"\xE4\xBD"[..], b"\xC3", b"\xA9", b"\xA0", b"\xF0\x9F", b"\xFF"])
                    .prop_map(<[u8]>::to_vec),
            ],
            0..9,
        ),
        place in 0..3,
    ) {
        let pieces = pieces.concat();
        let [before, text, after] = std::array::from_fn(|i| if i == place as usize { &pieces[..] } else { b"x" });
        let record =
            [b"{\"", before, b"\": 1, \"text\": \"", text, b"\", \"z\": \"", after, b"\"}"].concat();
        let vouched = StringScanner::new().string_at(&record, "text").is_some();
        prop_assert_eq!(vouched, std::str::from_utf8(&record).is_ok(), "{}", record.escape_ascii());
    }
}
