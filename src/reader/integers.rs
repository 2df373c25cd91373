//! The integers of a JSON array.

/// Appends the integers of `array`, which is sound JSON, to `text`: in decimal, with a space between any two.
///
/// # Errors
/// What is in the array that is no integer of 64 bits.
pub(super) fn push(array: &str, text: &mut String) -> Result<(), String> {
    let inside = array.strip_prefix('[').and_then(|array| array.strip_suffix(']')).unwrap_or_default();
    if inside.trim_ascii().is_empty() {
        return Ok(());
    }
    // What is before a comma is the whole element, or the start of one that is no integer.
    for (index, element) in inside.split(',').map(str::trim_ascii).enumerate() {
        let is_integer = element.parse::<u64>().is_ok() || element.parse::<i64>().is_ok();
        if !is_integer {
            return Err(format!("element {} is {}", index + 1, kind(element)));
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(if element == "-0" { "0" } else { element });
    }
    Ok(())
}

fn kind(element: &str) -> &'static str {
    match element.as_bytes() {
        [b'"', ..] => "a string",
        [b'{', ..] => "an object",
        [b'[', ..] => "an array",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        _ if element.contains(['.', 'e', 'E']) => "a number with a fraction or an exponent",
        _ => "an integer that 64 bits do not hold",
    }
}

#[cfg(test)]
mod tests {
    fn integers(array: &str) -> Result<String, String> {
        let mut text = String::new();
        super::push(array, &mut text).map(|()| text)
    }

    #[test]
    fn every_integer_of_64_bits_and_nothing_else() {
        assert_eq!(integers("[]").unwrap(), "");
        assert_eq!(integers("[ 1,\t-2 , 0,-0]").unwrap(), "1 -2 0 0");
        let ends = "[18446744073709551615,-9223372036854775808]";
        assert_eq!(integers(ends).unwrap(), "18446744073709551615 -9223372036854775808");
        for (array, fault) in [
            ("[1, 2.0]", "element 2 is a number with a fraction or an exponent"),
            ("[1e3]", "element 1 is a number with a fraction or an exponent"),
            ("[18446744073709551616]", "element 1 is an integer that 64 bits do not hold"),
            ("[-9223372036854775809]", "element 1 is an integer that 64 bits do not hold"),
            ("[1,\"2,3\"]", "element 2 is a string"),
            ("[[1,2]]", "element 1 is an array"),
            ("[1,null]", "element 2 is null"),
            ("[true]", "element 1 is a boolean"),
            ("[{\"a\":1}]", "element 1 is an object"),
        ] {
            assert_eq!(integers(array).unwrap_err(), fault);
        }
    }
}
