//! Where documents come from, and which n-grams they have more and less of.

use super::Page;
use super::html::{beginning, escaped, folded, share_cell, table, three_digits};
use crate::cli::format::{count, number};
use crate::review::{NgramShift, SourceKind, SourceReview};

/// Longer tables are folded from here on.
const ROWS: usize = 15;

impl Page<'_> {
    pub(super) fn sources(&self) -> String {
        let sources = &self.review.sources;
        let sum = |of: fn(&SourceReview) -> u64| sources.iter().map(of).sum::<u64>().max(1) as f64;
        let [there, selected] = [sum(|source| source.there.tokens), sum(|source| source.selected.tokens)];
        let options = &self.summary["options"];
        let fields = [&options["draw"]["group_by"], &options["report_by"]];
        let field = fields.into_iter().find_map(serde_json::Value::as_str).unwrap_or("value");
        let what = match self.review.source_kind {
            SourceKind::Group => field,
            SourceKind::Shard => "shard",
            SourceKind::Folder => "folder",
            SourceKind::Shards => "shards",
        };
        let shares = |source: &SourceReview| {
            [source.there.tokens as f64 / there, source.selected.tokens as f64 / selected]
        };
        let largest = sources.iter().flat_map(shares).fold(1e-9, f64::max);
        let row = |source: &SourceReview| {
            let [before, after] = shares(source);
            let lift =
                if before > 0.0 { format!("{}×", three_digits(after / before)) } else { "–".to_owned() };
            let bar = |part: f64, class: &str| {
                let width = part / largest * 100.0;
                format!("<span class=\"bar{class}\" style=\"width:{width:.1}%\"></span>")
            };
            vec![
                format!(
                    "<bdi>{}</bdi>{}{}",
                    escaped(&named(&source.name)),
                    bar(before, ""),
                    bar(after, " after")
                ),
                share_cell(before),
                share_cell(after),
                lift,
                number(source.there.records),
                number(source.selected.records),
                number(source.selected.tokens),
            ]
        };
        let rows: Vec<Vec<String>> = sources.iter().map(row).collect();
        let columns = [
            (what, false),
            ("of raw", true),
            ("of selection", true),
            ("lift", true),
            ("documents", true),
            ("selected", true),
            ("tokens selected", true),
        ];
        let mut out = String::from(
            "<p>Shares are of tokens. The lift is the share of the selection over that of the raw corpus.</p>\n",
        );
        out += &long_table("Composition before and after", &columns, &rows);
        for target in 0..self.review.targets.len() {
            out += &self.quantiles(target, what);
        }
        out
    }

    fn quantiles(&self, target: usize, what: &str) -> String {
        let row = |source: &SourceReview| {
            let quantiles = source.quantiles.get(target).copied().flatten()?;
            let name = format!("<bdi>{}</bdi>", escaped(&named(&source.name)));
            let numbers = quantiles.iter().map(|quantile| three_digits(*quantile));
            Some([name, number(source.eligible.records)].into_iter().chain(numbers).collect())
        };
        let rows: Vec<Vec<String>> = self.review.sources.iter().filter_map(row).collect();
        let columns = [
            (what, false),
            ("eligible", true),
            ("5%", true),
            ("25%", true),
            ("median", true),
            ("75%", true),
            ("95%", true),
        ];
        long_table(&format!("Quantiles of log weights{}", self.for_target(target)), &columns, &rows)
    }

    pub(super) fn ngrams(&self) -> String {
        let Some(ngrams) = &self.review.ngrams else { return String::new() };
        let row = |shift: &NgramShift| {
            let factor = shift.after / shift.before;
            vec![
                format!("<bdi class=\"ngram\">{}</bdi>", escaped(&shift.ngram)),
                three_digits(shift.before),
                three_digits(shift.after),
                if factor.is_finite() { format!("{}×", three_digits(factor)) } else { "–".to_owned() },
            ]
        };
        let columns = [("n-gram", false), ("before", true), ("after", true), ("factor", true)];
        let rows = |shifts: &[NgramShift]| shifts.iter().map(row).collect::<Vec<_>>();
        let [selected, others] = ngrams.documents.map(|documents| documents as u64);
        let by = format!(
            "the first 8 kB of {} and of {}",
            count(selected, "selected document"),
            count(others, "other")
        );
        if ngrams.raised.is_empty() && ngrams.lowered.is_empty() {
            return format!("<p>By {by}, no n-gram has changed beyond what chance could do.</p>\n");
        }
        let side = |caption: &str, shifts: &[NgramShift]| match shifts {
            [] => format!("<p>{caption}: none beyond what chance could do.</p>\n"),
            shifts => table(caption, &columns, &rows(shifts)),
        };
        format!(
            "<p>How many of 10 000 n-grams of the same length are this one, before and after, by {by}. Only what has \
             changed by more than four standard deviations is told, and first what has by most.</p>\n<div \
             class=\"two\">\n{}{}</div>\n",
            side("Raised", &ngrams.raised),
            side("Lowered", &ngrams.lowered),
        )
    }
}

/// The name of a source, with quotes if it begins or ends with a space.
fn named(name: &str) -> String {
    let short = beginning(name, 80);
    if name.trim() == name { short } else { format!("“{}”", name.chars().take(80).collect::<String>()) }
}

/// A table whose end is folded if it is long.
fn long_table(caption: &str, columns: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let (first, rest) = rows.split_at(rows.len().min(ROWS));
    let mut out = table(caption, columns, first);
    if !rest.is_empty() {
        let more = format!("{} more", number(rest.len() as u64));
        out += &folded(&more, &table(&format!("{caption}: the rest"), columns, rest));
    }
    out
}
