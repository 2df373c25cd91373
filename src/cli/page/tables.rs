//! The sections with tables and plots.

use std::fmt::Write as _;

use super::Page;
use super::html::{beginning, escaped, folded, percent, table, three_digits};
use super::plots::{self, Bars, Line, LinePoint};
use crate::cli::format::{count, number, size};
use crate::density::Model;
use crate::jobs::SelectedRecords;
use crate::review::{DrawnBy, LengthBin, NgramShift, SourceKind, SourceReview};

/// What grows by less does not grow.
const MUCH_MORE: f64 = 1.5;
/// Longer tables are folded from here on.
const ROWS: usize = 15;
const KEYS: &str = "<p><span class=\"key\">eligible</span><span class=\"key after\">selected</span></p>\n";

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

    /// Quantiles of log weights by source.
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

    pub(super) fn lengths(&self) -> String {
        let lengths = &self.review.lengths;
        let sum = |of: fn(&LengthBin) -> u64| lengths.iter().map(of).sum::<u64>().max(1) as f64;
        let [there, selected] = [sum(|bin| bin.there), sum(|bin| bin.selected)];
        let shares = |bin: &LengthBin| (bin.there as f64 / there, bin.selected as f64 / selected);
        let bins: Vec<(f64, f64, f64, f64)> = lengths
            .iter()
            .map(|bin| (bin.from as f64, bin.to as f64, shares(bin).0, shares(bin).1))
            .collect();
        let rows: Vec<Vec<String>> = lengths
            .iter()
            .filter(|bin| bin.there > 0)
            .map(|bin| {
                let (before, after) = shares(bin);
                let range = format!("{} to {}", number(bin.from), number(bin.to - 1));
                vec![range, number(bin.there), share_cell(before), number(bin.selected), share_cell(after)]
            })
            .collect();
        let plot = plots::bars(&Bars {
            label: "Documents by number of tokens, in the raw corpus and selected; the table has the numbers",
            axis: "tokens",
            bins: &bins,
            logarithmic: true,
            mark: None,
        });
        let mean = |documents: f64, tokens: u64| three_digits(tokens as f64 / documents);
        let tokens = |of: fn(&SourceReview) -> u64| self.review.sources.iter().map(of).sum::<u64>();
        let columns =
            [("tokens", false), ("documents", true), ("share", true), ("selected", true), ("share", true)];
        format!(
            "<p>On average {} tokens before and {} after.</p>\n<figure>{}{plot}</figure>\n{}",
            mean(there, tokens(|source| source.there.tokens)),
            mean(selected, tokens(|source| source.selected.tokens)),
            KEYS.replace("eligible", "raw"),
            folded("The same as a table", &table("Documents by length", &columns, &rows)),
        )
    }

    pub(super) fn log_weights(&self) -> String {
        let mut out = String::new();
        let draws =
            self.report.draw.iter().flat_map(|draw| draw.epochs.first()).flat_map(|epoch| &epoch.draw);
        for (number_of, (target, draw)) in self.review.targets.iter().zip(draws).enumerate() {
            let sum = |selected: bool| {
                let of = target.histogram.iter();
                of.map(|bin| if selected { bin.selected } else { bin.eligible }).sum::<u64>().max(1) as f64
            };
            let [eligible, selected] = [sum(false), sum(true)];
            let bins: Vec<(f64, f64, f64, f64)> = target
                .histogram
                .iter()
                .map(|bin| (bin.from, bin.to, bin.eligible as f64 / eligible, bin.selected as f64 / selected))
                .collect();
            let rows: Vec<Vec<String>> = target
                .histogram
                .iter()
                .map(|bin| {
                    let range = format!("{} to {}", three_digits(bin.from), three_digits(bin.to));
                    let taken = share_cell(bin.selected as f64 / bin.eligible as f64);
                    vec![range, number(bin.eligible), number(bin.selected), taken]
                })
                .collect();
            let plot = plots::bars(&Bars {
                label: "Documents by log weight, eligible and selected; the table has the numbers",
                axis: "log weight",
                bins: &bins,
                logarithmic: false,
                mark: target.threshold.map(|threshold| (threshold, "threshold")),
            });
            let threshold = self.threshold_in_words(draw.threshold);
            let name = self.for_target(number_of);
            let columns = [("log weight", false), ("eligible", true), ("selected", true), ("of these", true)];
            let _ = write!(
                out,
                "<p>{threshold}{} The log weights of what is eligible have mean {} and deviation {}. The lowest bin \
                 has all that is below, too.</p>\n<figure>{KEYS}{plot}</figure>\n{}",
                if name.is_empty() { String::new() } else { escaped(&format!(" This is{name}.")) },
                three_digits(draw.log_weights.mean),
                three_digits(draw.log_weights.deviation),
                folded(
                    "The same as a table",
                    &table(&format!("Documents by log weight{name}"), &columns, &rows)
                ),
            );
        }
        out
    }

    /// What the threshold is of.
    fn threshold_in_words(&self, threshold: Option<f64>) -> String {
        let Some(threshold) = threshold.map(three_digits) else { return "Nothing was selected.".to_owned() };
        let groups =
            self.report.draw.iter().flat_map(|draw| &draw.groups).filter(|group| !group.mixed_in).count();
        if groups > 0 && self.review.drawn_by != DrawnBy::Chance {
            return "Each group has a threshold of its own.".to_owned();
        }
        match self.review.drawn_by {
            DrawnBy::Noise => format!(
                "Records with a key of {threshold} or more were selected; the key is the log weight over the temperature, \
                 with Gumbel noise."
            ),
            DrawnBy::LogWeight => format!("Records with a log weight of {threshold} or more were selected."),
            DrawnBy::Chance => "Records were selected at random, whatever their log weights.".to_owned(),
            DrawnBy::Pareto => "Records were selected by scores, with Pareto noise.".to_owned(),
        }
    }

    pub(super) fn curve(&self) -> String {
        let curve = &self.review.curve;
        if curve.len() < 2 {
            return String::new();
        }
        let points = |y: &dyn Fn(&crate::review::CurvePoint) -> Option<f64>| -> Vec<LinePoint> {
            let point = |point: &crate::review::CurvePoint| {
                Some(LinePoint {
                    x: point.records as f64,
                    y: y(point)?,
                    is_asked: point.is_asked,
                    is_estimate: point.is_estimate,
                })
            };
            curve.iter().filter_map(point).collect()
        };
        let names = self.measured_names();
        let of = |target: usize| match &names[..] {
            [] | [_] => String::new(),
            names => format!(" for {}", names[target]),
        };
        let mut out = String::from(
            "<p>The same draw with a smaller or a larger budget. The large dot is the budget that was asked for; \
             hollow dots are estimates by a sample of what was not selected. The gray line is what random selections of \
             these sizes would give.</p>\n",
        );
        for target in 0..names.len() {
            let of_target = points(&|point| point.reductions.get(target).copied());
            let random =
                curve.iter().map(|point| (point.records as f64, point.random.get(target).copied().flatten()));
            let baseline: Vec<(f64, f64)> =
                random.filter_map(|(records, random)| Some((records, random?))).collect();
            let label =
                format!("KL reduction{} by number of documents; the table has the numbers", of(target));
            let axes = ("documents", "KL reduction");
            let plot = plots::line(&Line {
                label: &label,
                axes,
                points: &of_target,
                baseline: &baseline,
                logarithmic: false,
            });
            let key =
                if baseline.is_empty() { "" } else { "<span class=\"key line\">random selections</span>" };
            let _ = writeln!(
                out,
                "<figure><p><span class=\"key after\">this draw{}</span>{key}</p>\n{plot}</figure>",
                escaped(&of(target))
            );
        }
        out += &self.effective_sizes(&points(&|point| point.effective_size));
        let rows: Vec<Vec<String>> = curve
            .iter()
            .map(|point| {
                let mark = match (point.is_asked, point.is_estimate) {
                    (true, _) => " (asked for)",
                    (_, true) => " (estimate)",
                    _ => "",
                };
                let sizes = point.effective_size.map_or("–".to_owned(), three_digits);
                let reductions = point.reductions.iter().map(|reduction| three_digits(*reduction));
                [format!("{}{mark}", number(point.records)), number(point.tokens), sizes]
                    .into_iter()
                    .chain(reductions)
                    .collect()
            })
            .collect();
        let reductions: Vec<String> =
            (0..names.len().max(1)).map(|target| format!("KL reduction{}", of(target))).collect();
        let columns: Vec<(&str, bool)> = [("documents", false), ("tokens", true), ("effective size", true)]
            .into_iter()
            .chain(reductions.iter().map(|name| (name.as_str(), true)))
            .collect();
        out + &folded("The same as a table", &table("Budgets", &columns, &rows))
    }

    /// What was asked of the draw, as it is typed.
    fn draw_options(&self) -> String {
        let draw = &self.summary["options"]["draw"];
        let words = ["method", "temperature", "normalize", "combine", "min_tokens", "seed"].map(|name| {
            let value = match &draw[name] {
                serde_json::Value::Null => return None,
                serde_json::Value::String(value) => value.clone(),
                serde_json::Value::Array(values) => {
                    let each = values.iter().map(|value| value.to_string().replace('"', ""));
                    each.collect::<Vec<_>>().join(",")
                }
                value => value.to_string(),
            };
            Some(format!("--{} {value}", name.replace('_', "-")))
        });
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn effective_sizes(&self, sizes: &[LinePoint]) -> String {
        let least = sizes.iter().map(|point| point.y).fold(f64::INFINITY, f64::min);
        let most = sizes.iter().map(|point| point.y).fold(0.0, f64::max);
        if sizes.len() < 2 {
            return String::new();
        }
        if most < MUCH_MORE * least {
            return format!(
                "<p>The effective size is about {} whatever the budget: the largest weights decide, as is usual for whole \
                 documents.</p>\n",
                three_digits(most)
            );
        }
        let plot = plots::line(&Line {
            label: "Effective size by number of documents; the table has the numbers",
            axes: ("documents", "effective size"),
            points: sizes,
            baseline: &[],
            logarithmic: true,
        });
        format!(
            "<figure>{plot}<figcaption>Effective size: how many documents of equal weight the selection is worth, by \
             exp(log weight / T). Where it no longer grows, more documents add little that the target is \
             like.</figcaption></figure>\n"
        )
    }

    pub(super) fn copies(&self) -> String {
        let Some(records) = self.report.draw.as_ref().and_then(|draw| draw.records_selected.as_ref()) else {
            return String::new();
        };
        let SelectedRecords { records, copies, target_documents, shared_by_draws, .. } = records;
        let of = |part: u64| share_cell(part as f64 / (*records).max(1) as f64);
        let mut rows = vec![vec![
            "byte for byte copies of other selected records".to_owned(),
            number(*copies),
            of(*copies),
        ]];
        if target_documents.is_none() {
            let how = "(known only where the target is read, as by select)";
            rows.push(vec![format!("texts that the target has, too {how}"), "–".to_owned(), "–".to_owned()]);
        }
        if let Some(documents) = target_documents {
            rows.push(vec!["texts that the target has, too".to_owned(), number(*documents), of(*documents)]);
        }
        if let Some(shared) = shared_by_draws {
            rows.push(vec!["records that the second draw has, too".to_owned(), number(*shared), of(*shared)]);
        }
        let columns = [("of the selection", false), ("records", true), ("share", true)];
        let note = "<p class=\"soft\">Of very many records these are estimates. <code>dsir measure</code> tells more \
                    of repeats.</p>\n";
        table("Copies and overlap", &columns, &rows) + note
    }

    pub(super) fn made(&self) -> String {
        let report = self.report;
        let mut rows: Vec<[String; 2]> = vec![["version".into(), format!("dsir {}", report.dsir)]];
        if let Some(space) = report.feature_space {
            rows.push(["feature space".into(), space.to_string()]);
        }
        if let Some(raw) = &report.raw {
            let shards = count(raw.shards as u64, "shard");
            rows.push([
                "raw corpus".into(),
                format!("{shards}, {}, {}", count(raw.records, "record"), size(raw.bytes)),
            ]);
        }
        if let Some(fitted) = &report.fitted {
            let sampled = if fitted.sampled { "a sample of " } else { "" };
            rows.push([
                "fitted on".into(),
                format!("{sampled}{}, {} tokens", count(fitted.documents, "document"), number(fitted.tokens)),
            ]);
        }
        for target in report.targets.iter().flatten() {
            let documents = count(target.documents, "document");
            rows.push([
                if target.name == Model::ONE_TARGET {
                    target.name.clone()
                } else {
                    format!("target {}", target.name)
                },
                format!("{documents}, {} tokens", number(target.tokens)),
            ]);
        }
        if let Some(fingerprint) = self.review.model {
            rows.push(["model".into(), format!("fingerprint {fingerprint:016x}")]);
        }
        for refined in report.refined.iter().flatten() {
            let rounds =
                refined.rounds.map_or("none was of use".to_owned(), |rounds| count(rounds.into(), "round"));
            rows.push([format!("refined for {}", refined.target), rounds]);
        }
        if let Some(chosen) = self.summary.pointer("/auto/options").and_then(serde_json::Value::as_str) {
            rows.push(["chosen by --auto".into(), chosen.to_owned()]);
        }
        rows.push(["draw".into(), self.draw_options()]);
        let stages = report.stages.iter().map(|stage| format!("{} {:.1} s", stage.stage, stage.seconds));
        let stages = stages.collect::<Vec<_>>().join(", ");
        let threads = count(report.threads as u64, "thread");
        rows.push(["time".into(), format!("{:.1} s on {threads}: {stages}", report.seconds)]);
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.map(|cell| escaped(&cell)).to_vec()).collect();
        format!(
            "<pre tabindex=\"0\" role=\"group\" aria-label=\"The command\">{}</pre>\n{}",
            escaped(&self.command()),
            table("What it was made with", &[("what", false), ("value", false)], &rows)
        )
    }
}

/// The name of a source, with quotes if it begins or ends with a space.
fn named(name: &str) -> String {
    let short = beginning(name, 80);
    if name.trim() == name { short } else { format!("“{}”", name.chars().take(80).collect::<String>()) }
}

/// A part of a whole, as the cell of a table.
fn share_cell(part: f64) -> String {
    escaped(&percent(part))
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
