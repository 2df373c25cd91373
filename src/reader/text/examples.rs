//! What texts records have, and what is wrong with those that have none.

use super::*;

fn text(record: &str) -> Result<String, String> {
    text_of(&["text"], record)
}

fn text_of(fields: &[&str], record: &str) -> Result<String, String> {
    let fields = TextFields::new(fields).unwrap();
    let mut reader = TextReader::new(&fields);
    reader.text(record.as_bytes()).map(Cow::into_owned).map_err(|fault| fault.to_string())
}

#[test]
fn the_text_and_nothing_else() {
    assert_eq!(text(r#"{"id": 1, "text": "a\nb", "x": {"text": "no"}}"#).unwrap(), "a\nb");
    assert_eq!(text(r#" {"text":"\u00e9\ud83d\ude00"} "#).unwrap(), "é😀");
    assert_eq!(text(r#"{"t\u0065xt": "escaped key"}"#).unwrap(), "escaped key");
}

#[test]
fn the_last_of_a_key_given_twice_counts() {
    assert_eq!(text(r#"{"text": 1, "text": "b"}"#).unwrap(), "b");
    assert!(text(r#"{"text": "b", "text": 1}"#).is_err());
    assert_eq!(text_of(&["a.text"], r#"{"a": {"text": "x"}, "a": {"text": "y"}}"#).unwrap(), "y");
    assert!(text_of(&["a.text"], r#"{"a": {"text": "x"}, "a": {}}"#).is_err());
    assert!(text_of(&["a.text"], r#"{"a": {"text": "x"}, "a": 5}"#).is_err());
}

#[test]
fn a_value_that_does_not_count_need_not_be_text() {
    assert_eq!(text(r#"{"text": 1e999, "text": "b"}"#).unwrap(), "b");
    assert_eq!(text(r#"{"text": "\ud800", "text": "b"}"#).unwrap(), "b");
    assert_eq!(text(r#"{"te\u0078t": "a"}"#).unwrap(), "a");
    let last_counts = |record| text_of(&["a.b", "c"], record).unwrap();
    assert_eq!(last_counts(r#"{"a": {"b": "\ud800"}, "c": "\udc00", "a": {"b": "x"}, "c": "y"}"#), "x y");
    assert_eq!(last_counts(r#"{"a": 1e999, "c": "y", "a": {"b": -1e999, "b": "x"}}"#), "x y");
    let fault = text_of(&["a.b", "c"], r#"{"a": {"b": "x", "b": "\ud800"}, "c": "y"}"#).unwrap_err();
    assert_eq!(fault, "a lone surrogate in the text, before column 30");
    let deep = "[".repeat(100) + &"]".repeat(100);
    assert_eq!(text(&format!(r#"{{"text": "\ud800", "x": {deep}, "text": "a"}}"#)).unwrap(), "a");
}

#[test]
fn control_characters_are_white_space_or_escaped() {
    assert_eq!(text("\t{\t\"text\"\t:\t\"a\\tb\"\t}\r").unwrap(), "a\tb");
    for record in [
        "{\"\t\": 1, \"text\": \"a\"}",
        "{\"x\": \"\u{1}\", \"text\": \"a\"}",
        "{\"\\\\\u{1}\": 1, \"text\": \"a\"}",
    ] {
        assert!(text(record).unwrap_err().contains("control character"), "{record:?}");
    }
}

#[test]
fn dotted_and_several_fields() {
    let record = r#"{"body": {"main": "B", "x": []}, "title": "A"}"#;
    assert_eq!(text_of(&["title", "body.main"], record).unwrap(), "A B");
    assert_eq!(text_of(&["title", "title"], record).unwrap(), "A A");
    assert_eq!(text_of(&["body"], record).unwrap_err(), "field `body` is not a string: an object");
    let missing = "no field `title.main`; the fields are `body`, `title`";
    assert_eq!(text_of(&["title.main"], record).unwrap_err(), missing);
}

#[test]
fn what_is_not_read_may_be_anything_json_allows() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(text(&format!(r#"{{"x": {deep}, "text": "a"}}"#)).unwrap(), "a");
    let digits = "9".repeat(400);
    assert_eq!(text(&format!(r#"{{"x": {digits}, "y": 1e999, "text": "a"}}"#)).unwrap(), "a");
    assert_eq!(text(r#"{"x": "\ud800", "\udc00": 1, "text": "a"}"#).unwrap(), "a");
}

#[test]
fn faults() {
    for (record, fault) in [
        (r#"{"text": "a""#, "not JSON: EOF while parsing an object at column 12"),
        (r#"{"text": "a"} x"#, "not JSON: trailing characters at column 15"),
        (r#"{"text": NaN}"#, "not JSON: expected value at column 10"),
        (r#"{"text": "a", "x": -Infinity}"#, "not JSON: invalid number at column 21"),
        (r#"{"text": null}"#, "field `text` is not a string: null"),
        (r#"{"text": ["a"]}"#, "field `text` is not a string: an array"),
        (r#"{"Text": "a"}"#, "no field `text`; the fields are `Text`"),
        ("{}", "no field `text`"),
        (r#"["text", "a"]"#, "not a JSON object: an array"),
        (r#""text""#, "not a JSON object: a string"),
        ("{\"text\": \"a\tb\"}", "not JSON: control character in a string at column 12"),
    ] {
        assert_eq!(text(record).unwrap_err(), fault, "{record}");
    }
    for lone in [r"\ud800", r"\udc00 ", r"\ud800\ud800", r"\ud800\n"] {
        let fault = text(&format!(r#"{{"text": "{lone}"}}"#)).unwrap_err();
        assert!(fault.starts_with("a lone surrogate"), "{lone}: {fault}");
    }
    let fields = TextFields::default();
    let mut reader = TextReader::new(&fields);
    assert_eq!(reader.text(b"{\"text\": \"a\", \"x\": \"\xFF\"}"), Err(Fault::NotUtf8 { at: 20 }));
}

#[test]
fn keys_with_dots() {
    let both = r#"{"a": {"b": "path"}, "a.b": "key", "x": "\ud800"}"#;
    assert_eq!(text_of(&["a.b"], both).unwrap(), "path");
    assert_eq!(text_of(&["a\\.b"], both).unwrap(), "key");
    assert_eq!(text_of(&["a.b", "c"], r#"{"a.b": "key", "c": "d"}"#).unwrap(), "key d");
    assert_eq!(text_of(&["a.b"], r#"{"a": 1, "a.b": "x", "a.b": "last"}"#).unwrap(), "last");
    assert_eq!(text_of(&["a.b"], r#"{"a.b": 1}"#).unwrap_err(), "field `a.b` is not a string: a number");
    assert!(text_of(&["a\\.b"], r#"{"a": {"b": "path"}}"#).is_err());
    assert!(text_of(&["a.b"], r#"{"a.b": "\ud800"}"#).unwrap_err().starts_with("a lone surrogate"));
}
