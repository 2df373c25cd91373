//! How lengths and log weights are spread, before and after.

use std::fmt::Write as _;

use super::Page;
use super::html::{escaped, folded, share_cell, table, three_digits};
use super::plots::{self, Bars};
use crate::cli::format::number;
use crate::review::{DrawnBy, LengthBin, SourceReview};

const KEYS: &str = "<p><span class=\"key\">eligible</span><span class=\"key after\">selected</span></p>\n";

impl Page<'_> {
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
        let draws = self.drawn().into_iter().flat_map(|(_, epoch)| &epoch.draw);
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

    fn threshold_in_words(&self, threshold: Option<f64>) -> String {
        let threshold = match threshold.map(three_digits) {
            Some(threshold) => threshold,
            None => return "Nothing was selected.".to_owned(),
        };
        let groups =
            self.report.draw.iter().flat_map(|draw| &draw.groups).filter(|group| !group.mixed_in).count();
        if groups > 0 && !matches!(self.review.drawn_by, DrawnBy::Chance | DrawnBy::Rank) {
            return "Each group has a threshold of its own.".to_owned();
        }
        match self.review.drawn_by {
            DrawnBy::Noise => format!(
                "Records with a key of {threshold} or more were selected; the key is the log weight over the temperature, \
                 with Gumbel noise."
            ),
            DrawnBy::LogWeight => format!("Records with a log weight of {threshold} or more were selected."),
            DrawnBy::Rank => "Records were selected by their ranks, as often as a curve tells.".to_owned(),
            DrawnBy::Chance => "Records were selected at random, whatever their log weights.".to_owned(),
            DrawnBy::Pareto => "Records were selected by scores, with Pareto noise.".to_owned(),
        }
    }
}
