//! What other budgets would give.

use std::fmt::Write as _;

use super::Page;
use super::html::{escaped, folded, table, three_digits};
use super::plots::{self, Line, LinePoint};
use crate::cli::format::number;
use crate::review::CurvePoint;

/// What grows by less does not grow.
const MUCH_MORE: f64 = 1.5;

impl Page<'_> {
    pub(super) fn curve(&self) -> String {
        let curve = &self.review.curve;
        if curve.len() < 2 {
            return String::new();
        }
        let points = |y: &dyn Fn(&CurvePoint) -> Option<f64>| -> Vec<LinePoint> {
            let point = |point: &CurvePoint| {
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
}
