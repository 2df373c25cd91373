/// Appends `record`, a JSON object, to `out` with its log weight as one more field, `log_weight`.
///
/// With several targets the value is an array of one log weight each. A field of that name that the
/// record already has keeps its place, and the new one, coming last, counts.
pub(crate) fn annotate(
    record: &[u8],
    mut log_weights: impl ExactSizeIterator<Item = f64>,
    out: &mut Vec<u8>,
) {
    // Only white space can follow the closing brace of a sound record.
    let end = record.iter().rposition(|byte| *byte == b'}').unwrap_or(record.len());
    out.extend_from_slice(&record[..end]);
    out.extend_from_slice(b", \"log_weight\": ");
    let number = |log_weight: f64, out: &mut Vec<u8>| match serde_json::to_writer(&mut *out, &log_weight) {
        Ok(()) => {}
        Err(_) => out.extend_from_slice(b"null"),
    };
    if log_weights.len() == 1 {
        log_weights.by_ref().for_each(|log_weight| number(log_weight, out));
    } else {
        for (target, log_weight) in log_weights.enumerate() {
            out.push(if target == 0 { b'[' } else { b',' });
            number(log_weight, out);
        }
        out.push(b']');
    }
    out.extend_from_slice(&record[end..]);
}

#[cfg(test)]
mod tests {
    fn annotated(record: &str, log_weights: &[f64]) -> String {
        let mut out = Vec::new();
        super::annotate(record.as_bytes(), log_weights.iter().copied(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_log_weight_becomes_the_last_field() {
        assert_eq!(annotated(r#"{"text": "a}"} "#, &[-1.5]), r#"{"text": "a}", "log_weight": -1.5} "#);
        assert_eq!(annotated(r#"{"text":"a"}"#, &[2.0, -0.25]), r#"{"text":"a", "log_weight": [2.0,-0.25]}"#);
    }
}
