//! The beginning of the page: what was asked for, and whether it worked.

use serde_json::Value;

use super::Page;
use super::html::{escaped, percent, three_digits};
use crate::cli::format::{count, number, size};
use crate::density::Closeness;
use crate::jobs::{DrawReport, EpochReport, ScoreKind};
use crate::resample::{Budget, Totals};
use crate::review::{DrawnBy, Interval};

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
    pub(super) fn drawn(&self) -> Option<(&DrawReport, &EpochReport)> {
        let draw = self.report.draw.as_ref()?;
        Some((draw, draw.epochs.first()?))
    }

    pub(super) fn opening(&self) -> String {
        let Some((draw, epoch)) = self.drawn() else { return String::new() };
        let Totals { records, tokens, bytes } = epoch.selected;
        let share = percent(drawn_by_weight(epoch) as f64 / draw.eligible.records.max(1) as f64);
        let mut out = format!(
            "<header>\n<h1>{} selected</h1>\n<p>{}</p>\n{}",
            escaped(&count(records, "document")),
            self.asked(draw, epoch, &share),
            self.verdict(draw, epoch)
        );
        let mut figures = vec![
            ("selected", count(records, "document"), format!("{share} of what is eligible")),
            ("tokens", number(tokens), size(bytes)),
        ];
        let reductions = epoch.kl_reduction.as_deref().unwrap_or_default();
        for (target, kl) in reductions.iter().enumerate() {
            let interval = self.review.intervals.get(target).map(|interval| told_interval(kl, *interval));
            let name = (reductions.len() > 1).then(|| kl.target.clone());
            let note: Vec<String> = name.into_iter().chain(interval).collect();
            figures.push(("KL reduction, nats", three_digits(kl.reduction), note.join("; ")));
        }
        for target in &epoch.draw {
            let Some(effective) = target.log_weights.effective_sample_size else { continue };
            let of = format!("of {} eligible", number(draw.eligible.records));
            let of = if epoch.draw.len() > 1 { format!("{}; {of}", target.name) } else { of };
            figures.push(("effective sample size", three_digits(effective), of));
        }
        out += "<dl class=\"figures\">\n";
        for (label, value, note) in figures {
            let [label, value, note] = [label, &value, &note].map(escaped);
            out += &format!("<div><dt>{label}</dt><dd>{value}<small>{note}</small></dd></div>\n");
        }
        out + "</dl>\n</header>\n"
    }

    /// What was asked for, in sentences, in HTML.
    fn asked(&self, draw: &DrawReport, epoch: &EpochReport, share: &str) -> String {
        let options = &self.summary["options"];
        let code = |names: String| format!("<code>{}</code>", escaped(&names));
        let from = names(&options["input"]["raw"]).map_or_else(|| "the raw corpus".to_owned(), code);
        let like = match (self.review.drawn_by, draw.scores) {
            (DrawnBy::Chance, _) => "at random".to_owned(),
            (DrawnBy::Rank, ScoreKind::Given | ScoreKind::Probabilities) => {
                "by the ranks of scores".to_owned()
            }
            (_, ScoreKind::Given | ScoreKind::Probabilities) => "by scores".to_owned(),
            _ => match (names(&options["fit"]["target"]), names(&options["model"])) {
                (Some(targets), _) => format!("to be distributed like {}", code(targets)),
                (_, Some(model)) => format!("to be distributed like the target of {}", code(model)),
                _ => "by their weights".to_owned(),
            },
        };
        let out: Vec<String> =
            [(draw.too_short, "had too few tokens"), (draw.left_out, "could not be drawn")]
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
        let documents = match &self.report.raw {
            Some(raw) => raw.documents,
            None => draw.eligible.records + draw.too_short + draw.left_out,
        };
        let mixed_in = match epoch.selected.records.saturating_sub(drawn_by_weight(epoch)) {
            0 => String::new(),
            mixed_in => format!(
                " Beside them, {} were mixed in at random; what follows, but for the KL reduction, is about the others.",
                count(mixed_in, "document")
            ),
        };
        let different = match epoch.repeats.iter().sum() {
            0 => String::new(),
            different => format!(
                " These are {}, each up to {} times.",
                count(different, "different document"),
                epoch.repeats.len()
            ),
        };
        let several = match draw.epochs.len() {
            1 => String::new(),
            draws => format!(" This is the first of {draws} draws, epoch 0."),
        };
        format!(
            "Asked for {} of {from}, {like}. {} of {} were eligible{out}; {} of these were selected.{different}{mixed_in}{several}",
            escaped(&budget),
            number(draw.eligible.records),
            count(documents, "document"),
            escaped(share),
        )
    }

    /// Whether the selection came closer to the targets.
    fn verdict(&self, draw: &DrawReport, epoch: &EpochReport) -> String {
        let reductions = epoch.kl_reduction.as_deref().unwrap_or_default();
        if reductions.is_empty() {
            let how = match (draw.scores, self.review.model) {
                (ScoreKind::Sums | ScoreKind::Normalized, None) => {
                    "<code>dsir report --model MODEL</code> measures it."
                }
                _ => "<code>dsir measure</code> can measure it.",
            };
            return format!(
                "<div class=\"verdict unknown\"><p>How close it came to the target was not measured. {how}</p></div>\n"
            );
        }
        reductions
            .iter()
            .enumerate()
            .map(|(target, kl)| self.verdict_on(target, kl, reductions.len()))
            .collect()
    }

    /// Whether it came closer to one of so many targets.
    fn verdict_on(&self, target: usize, kl: &Closeness, targets: usize) -> String {
        let name = if targets > 1 { format!(" <code>{}</code>", escaped(&kl.target)) } else { String::new() };
        let interval_of = self.review.intervals.get(target);
        let interval =
            interval_of.map_or(String::new(), |interval| format!(" ({})", told_interval(kl, *interval)));
        let chance = match (kl.random, kl.is_chance_known()) {
            (Some(random), _) => format!(
                "Random selections of this size would come to {}, and seldom beyond {}.",
                three_digits(random),
                three_digits(kl.by_chance())
            ),
            (None, true) => format!("Chance would seldom give more than {}.", three_digits(kl.by_chance())),
            (None, false) => "The corpus is too small to tell what chance would give.".to_owned(),
        };
        let low = interval_of.map_or(kl.reduction, |interval| kl.reduction - interval.half_width);
        let (class, verdict) = match (self.review.drawn_by, targets, kl.is_chance_known(), kl.is_beyond_chance()) {
            (DrawnBy::Chance, ..) => ("unknown", format!("A random selection, to compare with{name}.")),
            (_, _, false, _) => ("unknown", format!("Whether chance could do as well{name} is not known.")),
            (_, 2.., _, true) => ("good", format!("All together, the selection is closer to{name} than chance.")),
            (_, 2.., _, false) => {
                ("unknown", format!("All together, the selection is no closer to{name} than chance could bring it."))
            }
            (.., true) if kl.reduction <= 0.0 => (
                "unknown",
                "Closer to the target than chance, but no closer than the raw corpus as a whole.".to_owned(),
            ),
            (.., true) if low <= 0.0 => (
                "unknown",
                "It seems to have worked: closer to the target than chance, but the interval reaches below 0.".to_owned(),
            ),
            (.., true) => ("good", "It worked: the selection is closer to the target than chance.".to_owned()),
            (.., false) => ("bad", "It did not work: chance could bring it as close to the target.".to_owned()),
        };
        let part = if kl.reduction > 0.0 && kl.raw > 0.0 {
            format!("{} of the way from", percent(kl.reduction / kl.raw))
        } else {
            "beside".to_owned()
        };
        format!(
            "<div class=\"verdict {class}\"><p><strong>{verdict}</strong> KL reduction {} nats{interval}, {} the {} that \
             the raw corpus is away from the target. {chance}</p></div>\n",
            three_digits(kl.reduction),
            escaped(&part),
            three_digits(kl.raw),
        )
    }
}

/// How many records were selected, without what was mixed in.
fn drawn_by_weight(epoch: &EpochReport) -> u64 {
    epoch.draw.iter().map(|target| target.selected.records).sum()
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
