//! What was drawn, in lines.

use super::*;
use crate::density::Closeness;
use crate::jobs::EpochReport;

/// With a smaller effective sample size, a draw is all but a choice of the largest.
const FEW_EFFECTIVE: f64 = 10.0;
const USUAL: &str =
    ", as usual for whole documents: the largest weights are drawn, and another seed changes little";

pub(super) fn lines(draw: &DrawReport, lines: &mut Lines) {
    let DrawReport { eligible, too_short, left_out, epochs, scores, .. } = draw;
    let left_out = match left_out {
        0 => String::new(),
        left_out => format!(", {} left out", number(*left_out)),
    };
    lines.add(
        "eligible",
        format!(
            "{}, {} tokens ({} too short{left_out})",
            count(eligible.records, "document"),
            number(eligible.tokens),
            number(*too_short)
        ),
    );
    if let [first, ..] = &draw.temperatures[..] {
        let more = if draw.temperatures.len() > 1 { " in the first draw" } else { "" };
        lines.add("temperature", format!("{first:.4} in log weights{more}"));
    }
    if let Some(first) = epochs.first() {
        log_weight_lines(first, *scores, eligible, lines);
    }
    for (number, epoch) in epochs.iter().enumerate() {
        let label = if epochs.len() > 1 { format!("epoch {number}") } else { "selected".into() };
        epoch_lines(&label, epoch, draw.by_curve, lines);
    }
    group_lines(draw, lines);
}

fn log_weight_lines(epoch: &EpochReport, scores: ScoreKind, eligible: &Totals, lines: &mut Lines) {
    let (label, note) = match scores {
        ScoreKind::None => return,
        ScoreKind::Sums => ("log weight", " (sums over all n-grams of a document, so hundreds are normal)"),
        ScoreKind::Normalized => ("log weight", " (by length)"),
        ScoreKind::Given => ("log weight", ""),
        ScoreKind::Probabilities => ("score", ""),
    };
    for target in &epoch.draw {
        let prefix = prefix(epoch.draw.len(), &target.name);
        let spread = &target.log_weights;
        let (min, max, mean, deviation) = (spread.min, spread.max, spread.mean, spread.deviation);
        lines.add(
            label,
            match scores {
                ScoreKind::Probabilities => format!("{prefix}{min:.3} to {max:.3}, mean {mean:.3}"),
                _ => {
                    format!("{prefix}{min:.1} to {max:.1}, mean {mean:.1}, deviation {deviation:.1}{note}")
                }
            },
        );
        if let Some(size) = spread.effective_sample_size {
            let few = size < FEW_EFFECTIVE && size < eligible.records as f64 / 2.0;
            lines.add(
                "effective",
                format!(
                    "{prefix}sample size {size:.1} of {} by exp(log weight / T){}",
                    number(eligible.records),
                    if few { USUAL } else { "" }
                ),
            );
        }
    }
}

fn epoch_lines(label: &str, epoch: &EpochReport, by_curve: bool, lines: &mut Lines) {
    for target in &epoch.draw {
        let prefix = prefix(epoch.draw.len(), &target.name);
        let threshold = match target.threshold {
            Some(threshold) if by_curve => format!("the curve times {:.3}", -threshold),
            Some(threshold) => format!("threshold {threshold:.3}"),
            None => "threshold none".into(),
        };
        let Totals { records, tokens, bytes } = target.selected;
        let ties =
            if target.ties { "; other records have that key, and their content hashes decide" } else { "" };
        lines.add(
            label,
            format!(
                "{prefix}{}, {} tokens, {}; {threshold}{ties}",
                count(records, "document"),
                number(tokens),
                size(bytes)
            ),
        );
    }
    if !epoch.repeats.is_empty() {
        lines.add("repeats", repeats(&epoch.repeats));
    }
    let all = epoch.selected;
    let by_weight: u64 = epoch.draw.iter().map(|target| target.selected.records).sum();
    if all.records > by_weight {
        let text = format!(
            "{}, {} tokens, with what is mixed in",
            count(all.records, "document"),
            number(all.tokens)
        );
        lines.add("written", text);
    }
    let reductions = epoch.kl_reduction.as_deref().unwrap_or_default();
    for kl in reductions {
        let Closeness { target, raw, selected, reduction, .. } = kl;
        let prefix = prefix(reductions.len(), target);
        let random = match kl.random {
            Some(random) => {
                format!(" (random selections of this size: {random:.3}, up to {:.3})", kl.by_chance())
            }
            None => String::new(),
        };
        lines.add(
            "KL",
            format!(
                "{prefix}reduction {reduction:.3} nats{random}; target from raw {raw:.3}, from selected {selected:.3}"
            ),
        );
    }
}

/// How many different documents there are, and how many came how often.
fn repeats(records: &[u64]) -> String {
    const MOST: usize = 10;
    let different = count(records.iter().sum(), "different document");
    let often = |(index, records): (usize, &u64)| match (index, *records) {
        (_, 0) => None,
        (0, records) => Some(format!("once {}", number(records))),
        (1, records) => Some(format!("twice {}", number(records))),
        (_, records) => Some(format!("{} times {}", index + 1, number(records))),
    };
    let mut parts: Vec<String> = records.iter().enumerate().filter_map(often).collect();
    if let Some(more) = parts.len().checked_sub(MOST).filter(|more| *more > 0) {
        parts.truncate(MOST);
        parts.push(format!("and {more} more: --summary tells of all"));
    }
    format!("{different}: {}", parts.join(", "))
}

/// What came of each group and of each set that is mixed in, in the first draw.
fn group_lines(draw: &DrawReport, lines: &mut Lines) {
    const MOST_LINES: usize = 20;
    const LONGEST_NAME: usize = 60;
    for group in draw.groups.iter().take(MOST_LINES) {
        let label = if group.mixed_in { "mixed in" } else { "group" };
        let Totals { records, tokens, .. } = group.selected.first().copied().unwrap_or_default();
        let name: String = group.name.chars().take(LONGEST_NAME).collect();
        let documents = if group.eligible.records == 1 { "document" } else { "documents" };
        let (name, eligible) = (name.escape_debug(), number(group.eligible.records));
        lines.add(
            label,
            format!("{name}: {} of {eligible} {documents}, {} tokens", number(records), number(tokens)),
        );
    }
    if let Some(more) = draw.groups.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        lines.add("group", format!("and {more} more: --summary tells of all"));
    }
}
