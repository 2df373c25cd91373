//! How numbers and lines are written for people.

/// `1234567` as `1 234 567`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

pub(crate) fn count(count: u64, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
}

/// Bytes in the largest decimal unit that leaves a number of at least 1.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let bytes_as_f64 = bytes as f64;
    match UNITS.iter().find(|(_, unit)| bytes_as_f64 >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes_as_f64 / unit),
        None => format!("{bytes} bytes"),
    }
}

/// What is told fits a terminal of so many columns.
const COLUMNS: usize = 80;
const LABEL: usize = 11;

/// A label and a text, in lines of which all but the first begin below the text.
pub(crate) fn wrapped(label: &str, text: &str) -> String {
    let (mut lines, mut line) = (String::new(), format!("{label:<LABEL$}"));
    let mut is_empty = true;
    for word in unbroken(text) {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line = " ".repeat(LABEL);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    lines + &line
}

/// The words of a text; groups of digits, and a number and what it counts, stay together.
fn unbroken(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_digits = |word: &str| word.ends_with(|c: char| c.is_ascii_digit()) && word.len() <= 20;
        match words.last_mut() {
            Some(last) if is_digits(last.rsplit(' ').next().unwrap_or("")) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}
