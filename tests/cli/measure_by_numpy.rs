//! What `measure` finds, against what NumPy found of the same files.

use serde_json::Value;

use crate::harness::Dir;
use crate::measure::measure;

#[test]
fn agrees_with_numpy_in_many_feature_spaces() {
    // By tests/reference/measure.py.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference");
    let cases: Value =
        serde_json::from_slice(&std::fs::read(format!("{folder}/measured.json")).unwrap()).unwrap();
    let dir = Dir::new();
    for name in ["raw", "selected", "target_a", "target_b"] {
        let name = format!("{name}.jsonl");
        dir.write(&name, std::fs::read(format!("{folder}/{name}")).unwrap());
    }
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let arguments: Vec<&str> =
            case["arguments"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        let arguments = arguments.join(" ");
        agrees(&measure(&dir, &arguments), &case["expected"], &arguments);
    }
}

/// All that is in `expected` is in `found`: numbers to 1e-9, what is estimated to 4 percent.
fn agrees(found: &Value, expected: &Value, at: &str) {
    match expected {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| agrees(&found[key], value, &format!("{at}.{key}")));
        }
        Value::Array(values) => {
            assert_eq!(found.as_array().map(Vec::len), Some(values.len()), "{at}");
            values.iter().enumerate().for_each(|(i, value)| agrees(&found[i], value, &format!("{at}.{i}")));
        }
        Value::Number(number) => {
            let (found, expected) = (found.as_f64().unwrap_or(f64::NAN), number.as_f64().unwrap());
            let tolerance = if at.ends_with(".distinct_ngrams") { 0.04 } else { 1e-9 };
            assert!(
                (found - expected).abs() <= tolerance * expected.abs().max(1.0),
                "{at}: {found}, not {expected}"
            );
        }
        other => assert_eq!(found, other, "{at}"),
    }
}
