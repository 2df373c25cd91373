//! Text and numbers in HTML.

use std::fmt::Write as _;

use crate::cli::marked::shown;

/// Text as it may stand in an element or an attribute: no markup, nothing that a reader would not see.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a text in one line.
pub(super) fn beginning(text: &str, characters: usize) -> String {
    // Of a long text, the first words are enough.
    let words: Vec<&str> = text.split_whitespace().take(characters).collect();
    let line = words.join(" ");
    match line.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A table; each column says whether it has numbers. Cells are HTML.
pub(super) fn table(caption: &str, columns: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let class = |is_number: bool| if is_number { " class=\"n\"" } else { "" };
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\"><table>\n<caption>{0}</caption>\n<thead><tr>",
        escaped(caption)
    );
    for (name, is_number) in columns {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(*is_number), escaped(name));
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in rows {
        out += "<tr>";
        for (place, (cell, (_, is_number))) in row.iter().zip(columns).enumerate() {
            let _ = match place {
                0 => write!(out, "<th scope=\"row\"{}>{cell}</th>", class(*is_number)),
                _ => write!(out, "<td{}>{cell}</td>", class(*is_number)),
            };
        }
        out += "</tr>\n";
    }
    out + "</tbody></table></div>\n"
}

/// What is folded until it is asked for. `summary` and `content` are HTML.
pub(super) fn folded(summary: &str, content: &str) -> String {
    format!("<details><summary>{summary}</summary>\n{content}</details>\n")
}

/// A part of a whole, in percent.
pub(super) fn percent(part: f64) -> String {
    let text = match part.abs() * 100.0 {
        percent if percent.is_nan() => return "–".to_owned(),
        0.0 => return "0%".to_owned(),
        percent if percent < 0.1 => "<0.1%".to_owned(),
        percent if percent < 10.0 => format!("{percent:.1}%"),
        percent => format!("{percent:.0}%"),
    };
    if part < 0.0 { format!("−{text}") } else { text }
}

/// The same, as the cell of a table.
pub(super) fn share_cell(part: f64) -> String {
    escaped(&percent(part))
}

/// A number with three digits that count, and a true minus.
pub(super) fn three_digits(value: f64) -> String {
    let text = match value.abs() {
        0.0 => "0".to_owned(),
        infinite if infinite.is_infinite() => if value > 0.0 { "∞" } else { "-∞" }.to_owned(),
        large if large >= 1e15 => format!("{value:.2e}"),
        large if large >= 100.0 => grouped(value.round()),
        large if large >= 10.0 => format!("{value:.1}"),
        large if large >= 1.0 => format!("{value:.2}"),
        small if small < 1e-6 => format!("{value:.2e}"),
        small => format!("{value:.*}", (2.0 - small.log10().floor()) as usize),
    };
    text.replace('-', "−")
}

/// The same for an axis, where no digit stands that is not needed.
pub(super) fn on_axis(value: f64) -> String {
    let text = three_digits(value);
    let text = if text.contains('.') && !text.contains('e') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    // What is next to nothing on an axis is a rounding error.
    if value.abs() < 1e-9 { "0".to_owned() } else { text.to_owned() }
}

fn grouped(value: f64) -> String {
    let digits = crate::cli::format::number(value.abs() as u64);
    if value < 0.0 { format!("-{digits}") } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        assert_eq!(escaped("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        assert_eq!(
            escaped("a\" onload=\"b&lt;\u{0}\u{202e}"),
            "a&quot; onload=&quot;b&amp;lt;\\u{0}\\u{202e}"
        );
        let table = table("a<b", &[("c\"", true)], &[vec![escaped("<i>")]]);
        assert!(!table.contains("a<b") && !table.contains("<i>"), "{table}");
    }

    #[test]
    fn numbers_for_people() {
        let told = [0.0, 0.00012, 0.12345, -1.2345, 12.345, -1234.5, 12_345_678.0].map(three_digits);
        assert_eq!(told, ["0", "0.000120", "0.123", "−1.23", "12.3", "−1 235", "12 345 678"]);
        assert_eq!([-1e-17, 0.2, -50.0, 1000.0].map(on_axis), ["0", "0.2", "−50", "1 000"]);
        let told = [0.0, 0.0001, 0.0123, 0.5, 1.0, -0.25, f64::NAN].map(percent);
        assert_eq!(told, ["0%", "<0.1%", "1.2%", "50%", "100%", "−25%", "–"]);
        assert_eq!(beginning("a\n b  c d", 5), "a b c…");
    }
}
