//! The beginning of the page: what was asked for, and whether it worked.

use serde_json::Value;

use super::Page;
use super::html::{escaped, percent, three_digits};
use crate::cli::format::{count, number, size};
use crate::density::Closeness;
use crate::jobs::{DrawReport, EpochReport};
use crate::resample::Budget;
use crate::review::Interval;

/// So many names are told of several files.
const NAMES: usize = 3;

impl Page<'_> {
    pub(super) fn title(&self) -> String {
        match self.drawn() {
            Some((_, epoch)) => format!("dsir: {} selected", count(epoch.selected.records, "document")),
            None => "dsir: a selection".to_owned(),
        }
    }

    /// What was drawn, and the first draw.
    fn drawn(&self) -> Option<(&DrawReport, &EpochReport)> {
        let draw = self.report.draw.as_ref()?;
        Some((draw, draw.epochs.first()?))
    }

    pub(super) fn opening(&self) -> String {
        let Some((draw, epoch)) = self.drawn() else { return String::new() };
        let selected = epoch.selected;
        let share = percent(selected.records as f64 / draw.eligible.records.max(1) as f64);
        let mut out = format!(
            "<header>\n<h1>{} selected</h1>\n<p>{}</p>\n",
            escaped(&count(selected.records, "document")),
            self.asked(&share)
        );
        out += &self.verdict(epoch);
        let mut figures = vec![
            ("selected", count(selected.records, "document"), format!("{share} of what is eligible")),
            ("tokens", number(selected.tokens), size(selected.bytes)),
        ];
        let intervals = self.review.targets.iter().map(|target| target.interval);
        let reductions = epoch.kl_reduction.as_deref().unwrap_or_default();
        for (place, (kl, interval)) in
            reductions.iter().zip(intervals.chain(std::iter::repeat(None))).enumerate()
        {
            let label = if place == 0 { "KL reduction, nats" } else { "KL reduction" };
            let told = interval.map_or(String::new(), |interval| told_interval(kl, interval));
            let told = if reductions.len() > 1 { format!("{}; {told}", kl.target) } else { told };
            figures.push((label, three_digits(kl.reduction), told));
        }
        if let Some(target) = epoch.draw.first()
            && let Some(effective) = target.log_weights.effective_sample_size
        {
            let of = format!("of {} eligible", number(draw.eligible.records));
            figures.push(("effective sample size", three_digits(effective), of));
        }
        out += "<dl class=\"figures\">\n";
        for (label, value, note) in figures {
            let (label, value, note) = (escaped(label), escaped(&value), note.replace("&lt;", "<"));
            out += &format!("<div><dt>{label}</dt><dd>{value}<small>{}</small></dd></div>\n", escaped(&note));
        }
        out + "</dl>\n</header>\n"
    }

    /// What was asked for, in a sentence, in HTML.
    fn asked(&self, share: &str) -> String {
        let Some((draw, _)) = self.drawn() else { return String::new() };
        let options = &self.summary["options"];
        let raw = names(&options["input"]["raw"]);
        let from =
            raw.map_or_else(|| "the raw corpus".to_owned(), |raw| format!("<code>{}</code>", escaped(&raw)));
        let targets = names(&options["fit"]["target"]);
        let model = names(&options["model"]);
        let like = match (targets, model, self.report.draw.as_ref().map(|draw| draw.scores)) {
            (Some(targets), ..) => format!("to be distributed like <code>{}</code>", escaped(&targets)),
            (_, Some(model), _) => {
                format!("to be distributed like the target of <code>{}</code>", escaped(&model))
            }
            _ => "by their weights".to_owned(),
        };
        let out: Vec<String> =
            [(draw.too_short, "had too few tokens"), (draw.left_out, "did not meet the conditions")]
                .into_iter()
                .filter(|(records, _)| *records > 0)
                .map(|(records, why)| format!("{} {why}", number(records)))
                .collect();
        let out = if out.is_empty() { String::new() } else { format!(" ({})", out.join(", ")) };
        let budget = match draw.budget {
            Budget::Records(records) => count(records, "document"),
            Budget::Fraction(fraction) => format!("{} of what is eligible", percent(fraction)),
            Budget::Tokens(tokens) => format!("{} tokens", number(tokens)),
            Budget::Bytes(bytes) => size(bytes),
        };
        format!(
            "Asked for {budget} of {from}, {like}. {} of {} were eligible{out}; {share} of these were selected.",
            number(draw.eligible.records),
            match &self.report.raw {
                Some(raw) => count(raw.documents, "document"),
                None => count(draw.eligible.records + draw.too_short + draw.left_out, "document"),
            },
        )
    }

    /// Whether the selection came closer to the targets.
    fn verdict(&self, epoch: &EpochReport) -> String {
        let Some(reductions) = epoch.kl_reduction.as_deref().filter(|reductions| !reductions.is_empty())
        else {
            return "<div class=\"verdict bad\"><p>How close it came to the target was not measured. \
                    <code>dsir report --model MODEL</code> measures it.</p></div>\n"
                .to_owned();
        };
        let mut out = String::new();
        for (target, kl) in reductions.iter().enumerate() {
            let interval = self.review.targets.get(target).and_then(|target| target.interval);
            let name = if reductions.len() > 1 {
                format!(" <code>{}</code>", escaped(&kl.target))
            } else {
                String::new()
            };
            let part = if kl.raw > 0.0 { percent(kl.reduction / kl.raw) } else { "–".to_owned() };
            let interval =
                interval.map_or(String::new(), |interval| format!(" ({})", told_interval(kl, interval)));
            let chance = match (kl.random, kl.is_chance_known()) {
                (Some(random), _) => format!(
                    " Random selections of this size would come to {}, and seldom beyond {}.",
                    three_digits(random),
                    three_digits(kl.by_chance())
                ),
                (None, true) => {
                    format!(" Chance would seldom give more than {}.", three_digits(kl.by_chance()))
                }
                (None, false) => " The corpus is too small to tell what chance would give.".to_owned(),
            };
            let (class, verdict) = match kl.is_beyond_chance() {
                true => ("verdict", "It worked: the selection is closer to the target"),
                false => {
                    ("verdict bad", "It did not work: the selection is no closer than chance to the target")
                }
            };
            out += &format!(
                "<div class=\"{class}\"><p><strong>{verdict}{name}</strong> than the raw corpus by {} nats of KL \
                 divergence{interval}: {part} of the way from {} to 0.{chance}</p></div>\n",
                three_digits(kl.reduction),
                three_digits(kl.raw),
            );
        }
        out
    }
}

fn told_interval(kl: &Closeness, Interval { half_width }: Interval) -> String {
    let (low, high) = (kl.reduction - half_width, kl.reduction + half_width);
    format!("95% interval {} to {}", three_digits(low), three_digits(high))
}

/// One name, or the first of several.
fn names(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name.clone()),
        Value::Array(names) => {
            let told: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            let more = told.len().saturating_sub(NAMES);
            let some = told.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
            match (told.is_empty(), more) {
                (true, _) => None,
                (_, 0) => Some(some),
                _ => Some(format!("{some} and {more} more")),
            }
        }
        _ => None,
    }
}
