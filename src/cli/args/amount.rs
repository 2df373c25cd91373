//! Numbers of records, tokens and bytes as people write them.

/// What is taken for a number.
const FORMS: &str = "it must be a whole number, such as 10000, 10_000, 10k, 1.5M, 2G or 1e9";

/// A whole number, with `_` between digits, with an exponent, or with k, M, G or T behind it (powers of 1000; Ki, Mi,
/// Gi, Ti: of 1024).
pub(crate) fn amount(text: &str) -> Result<u64, String> {
    exact(text).ok_or_else(|| FORMS.to_owned())
}

/// The same, above 0.
pub(crate) fn some(text: &str) -> Result<u64, String> {
    amount(text).and_then(|number| if number > 0 { Ok(number) } else { Err("it must be above 0".to_owned()) })
}

/// The same, of 32 bits.
pub(crate) fn amount32(text: &str) -> Result<u32, String> {
    u32::try_from(amount(text)?).map_err(|_| format!("it must be at most {}", u32::MAX))
}

fn exact(text: &str) -> Option<u64> {
    let end =
        text.find(|c: char| !matches!(c, '0'..='9' | '_' | '.' | 'e' | 'E' | '+')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.strip_prefix('+').unwrap_or(exponent).parse::<u32>().ok()?)
        }
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_sound = |digits: &str| {
        digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
            && !digits.starts_with('_')
            && !digits.ends_with('_')
            && !digits.contains("__")
    };
    if whole.is_empty() || !is_sound(whole) || !is_sound(fraction) || mantissa.ends_with('.') {
        return None;
    }
    let fraction = fraction.replace('_', "");
    let fraction = fraction.trim_end_matches('0');
    let digits: u128 = (whole.replace('_', "") + fraction).parse().ok()?;
    let scaled = digits.checked_mul(10u128.checked_pow(exponent)?)?.checked_mul(unit(suffix)?)?;
    let by = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    // Half a record cannot be meant.
    (scaled % by == 0).then(|| u64::try_from(scaled / by).ok()).flatten()
}

fn unit(suffix: &str) -> Option<u128> {
    let (letter, base) = match suffix.strip_suffix('B').unwrap_or(suffix) {
        "" if suffix.is_empty() => return Some(1),
        "k" | "K" => (1, 1000),
        "m" | "M" => (2, 1000),
        "g" | "G" => (3, 1000),
        "t" | "T" => (4, 1000),
        "Ki" => (1, 1024),
        "Mi" => (2, 1024),
        "Gi" => (3, 1024),
        "Ti" => (4, 1024),
        _ => return None,
    };
    Some(u128::pow(base, letter))
}

#[cfg(test)]
mod tests {
    use super::{amount, amount32, some};

    #[test]
    fn numbers_as_people_write_them() {
        for (text, number) in [
            ("0", 0),
            ("1000", 1_000),
            ("1_000_000", 1_000_000),
            ("10k", 10_000),
            ("10K", 10_000),
            ("1.5M", 1_500_000),
            ("2G", 2_000_000_000),
            ("2GB", 2_000_000_000),
            ("1T", 1_000_000_000_000),
            ("1Gi", 1 << 30),
            ("1GiB", 1 << 30),
            ("1e9", 1_000_000_000),
            ("5E+9", 5_000_000_000),
            ("2.5e3", 2_500),
            ("2.50e1", 25),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(amount(text), Ok(number), "{text}");
        }
        for text in [
            "",
            "-1",
            "k",
            "1.5",
            "1e-3",
            "1.0005k",
            "1,000",
            "1 000",
            "_1",
            "1_",
            "1__0",
            "1.",
            ".5k",
            "1kk",
            "1x",
            "1e",
            "1B",
            "e9",
            "0x10",
            "inf",
            "18446744073709551616",
            "1e40",
            "99999999999999999999T",
            "١",
        ] {
            assert!(amount(text).is_err(), "{text}");
        }
        assert!(some("0").is_err() && some("1").is_ok());
        assert!(amount32("5G").is_err() && amount32("4G").is_ok());
    }
}
