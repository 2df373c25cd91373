//! Where a value stands in a record that is known to be sound JSON: nothing is checked on the way, so it is found at
//! the speed of looking for quotes.
//!
//! In bytes that are no sound JSON, something is found or nothing; it never panics.

use std::borrow::Cow;
use std::ops::Range;

/// Where the value at `path` stands in `record`; of a key given twice, the last counts.
pub(crate) fn value_at(record: &[u8], path: &[String]) -> Option<Range<usize>> {
    let start = record.iter().position(|byte| !is_space(*byte))?;
    // Where the record itself ends need not be looked for.
    let mut value = start..record.len();
    for key in path {
        let object = &record[value.clone()];
        let last = members(object).filter(|member| is_key(&object[member.key.clone()], key)).last()?;
        value = value.start + last.value.start..value.start + last.value.end;
    }
    Some(value)
}

/// Whether `record`, an object, has `key`.
pub(crate) fn has_key(record: &[u8], key: &str) -> bool {
    let object = record.trim_ascii_start();
    members(object).any(|member| is_key(&object[member.key], key))
}

/// A key and its value: where they stand in their object, the key with its quotes.
pub(crate) struct Member {
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

/// The members of `object`, which begins with its brace; none of any other value.
pub(crate) fn members(object: &[u8]) -> impl Iterator<Item = Member> {
    let mut at = match object.first() {
        Some(b'{') => 1,
        _ => object.len(),
    };
    std::iter::from_fn(move || {
        let start = pass(object, at, b',');
        if object.get(start) != Some(&b'"') {
            return None;
        }
        let key = start..string_end(object, start)?;
        let start = pass(object, key.end, b':');
        let value = start..value_end(object, start)?;
        at = value.end;
        Some(Member { key, value })
    })
}

/// The elements of `array`, which begins with its bracket; none of any other value.
pub(crate) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = match array.first() {
        Some(b'[') => 1,
        _ => array.len(),
    };
    std::iter::from_fn(move || {
        let start = pass(array, at, b',');
        at = value_end(array, start)?;
        (at > start).then(|| &array[start..at])
    })
}

/// A key with its quotes, without them and its escapes; as it stands if half a surrogate pair is in it.
pub(crate) fn unescaped_key(quoted: &[u8]) -> Cow<'_, [u8]> {
    let inside = &quoted[1..quoted.len() - 1];
    if memchr::memchr(b'\\', inside).is_none() {
        return Cow::Borrowed(inside);
    }
    serde_json::from_slice(quoted).map_or(Cow::Borrowed(inside), |key: String| Cow::Owned(key.into_bytes()))
}

/// Whether `quoted`, a key with its quotes, is `key`.
pub(crate) fn is_key(quoted: &[u8], key: &str) -> bool {
    *unescaped_key(quoted) == *key.as_bytes()
}

/// Behind white space and one kind of punctuation.
fn pass(bytes: &[u8], at: usize, mark: u8) -> usize {
    let passed = bytes[at..].iter().take_while(|byte| is_space(**byte) || **byte == mark).count();
    at + passed
}

/// Behind the value that begins at `start`.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => string_end(bytes, start),
        b'{' | b'[' => nested_end(bytes, start),
        _ => {
            let is_over = |byte: &u8| matches!(byte, b',' | b']' | b'}') || is_space(*byte);
            Some(bytes[start..].iter().position(is_over).map_or(bytes.len(), |len| start + len))
        }
    }
}

/// Behind the object or array that begins at `start`.
fn nested_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0);
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at)?,
            bracket => {
                at += 1;
                match bracket {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 1 => return Some(at),
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
        }
    }
}

/// Behind the string whose opening quote is at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let inside = start + 1;
    let mut at = inside;
    loop {
        let quote = at + memchr::memchr(b'"', &bytes[at..])?;
        // Backslashes escape each other in pairs; what is left of an odd number escapes the quote.
        let backslashes = bytes[inside..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        at = quote + 1;
        if backslashes.is_multiple_of(2) {
            return Some(at);
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// JSON of any kind, with keys that come again and keys and strings that are escaped.
    fn value() -> impl Strategy<Value = Value> {
        let string = || "[ab\\\\\"\n,:{}\\[\\]é😀]{0,5}";
        let leaf = prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<f32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            string().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, move |inner| {
            let object = prop::collection::btree_map("[ab\"é]{0,2}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                object.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Every member and every element, and what is within them.
    fn check(json: &str, value: &Value) {
        let found: Value = serde_json::from_str(json).unwrap();
        assert_eq!(&found, value);
        let members: Vec<Member> = members(json.as_bytes()).collect();
        let elements: Vec<&[u8]> = elements(json.as_bytes()).collect();
        assert_eq!(members.len(), value.as_object().map_or(0, |object| object.len()));
        assert_eq!(elements.len(), value.as_array().map_or(0, |array| array.len()));
        for (member, (key, value)) in members.iter().zip(value.as_object().into_iter().flatten()) {
            assert!(is_key(json[member.key.clone()].as_bytes(), key));
            assert_eq!(value_at(json.as_bytes(), std::slice::from_ref(key)), Some(member.value.clone()));
            check(&json[member.value.clone()], value);
        }
        for (element, value) in elements.iter().zip(value.as_array().into_iter().flatten()) {
            check(std::str::from_utf8(element).unwrap(), value);
        }
    }

    proptest! {
        #[test]
        fn what_serde_json_finds(value in value()) {
            check(&serde_json::to_string(&value).unwrap(), &value);
            check(&serde_json::to_string_pretty(&value).unwrap(), &value);
        }
    }

    fn at<'a>(record: &'a str, path: &str) -> Option<&'a str> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        value_at(record.as_bytes(), &path).map(|place| &record[place])
    }

    #[test]
    fn values_of_every_kind() {
        let record =
            r#" { "a" : -1.5e3 , "b":"x\\\"}\\","c": {"d": [1, {"a": 2}], "e": true}, "f": [ ] , "g":null}"#;
        for (path, value) in [
            ("a", "-1.5e3"),
            ("b", r#""x\\\"}\\""#),
            ("c", r#"{"d": [1, {"a": 2}], "e": true}"#),
            ("c.d", r#"[1, {"a": 2}]"#),
            ("c.e", "true"),
            ("f", "[ ]"),
            ("g", "null"),
        ] {
            assert_eq!(at(record, path), Some(value), "{path}");
        }
        for path in ["d", "c.a", "a.b", "f.a", "b.x", "c.d.a"] {
            assert_eq!(at(record, path), None, "{path}");
        }
    }

    #[test]
    fn the_last_of_a_key_given_twice() {
        assert_eq!(at(r#"{"a": {"b": 1}, "a": {"b": 2, "b": 3}}"#, "a.b"), Some("3"));
        assert_eq!(at(r#"{"a": {"b": 1}, "\u0061": {}}"#, "a.b"), None);
    }

    #[test]
    fn elements_in_order() {
        let of = |array: &str| {
            let text = |element: &[u8]| String::from_utf8(element.to_vec()).unwrap();
            elements(array.as_bytes()).map(text).collect::<Vec<_>>()
        };
        assert_eq!(
            of(r#"[ "a,]" , [1,2],3 ,{"b": ["c"]}, null ]"#),
            [r#""a,]""#, "[1,2]", "3", r#"{"b": ["c"]}"#, "null"]
        );
        assert!(of("[]").is_empty() && of("[ ]").is_empty() && of("{\"a\": 1}").is_empty());
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(at(&format!(r#"{{"x": {deep}, "a": 1}}"#), "a"), Some("1"));
    }

    #[test]
    fn a_record_cut_or_damaged_anywhere_does_no_harm() {
        let record = r#"{"a": [1, "\\\"", {"b": {}}], "c": {"d": "e\u0041"}, "f": tru, "g": 1}"#;
        for cut in 0..record.len() {
            for path in ["a", "c.d", "g", "a.b"] {
                at(&record[..cut], path);
                for byte in ["\"", "\\", "{", "}", "]", ",", ":", " "] {
                    at(&(record[..cut].to_owned() + byte + &record[cut + 1..]), path);
                }
            }
            elements(&record.as_bytes()[cut..]).for_each(drop);
            members(&record.as_bytes()[cut..]).for_each(drop);
        }
    }
}
