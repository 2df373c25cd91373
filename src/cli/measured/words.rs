//! What was measured, in tables for people.

use dsir::passes::Repeats;

use super::{Corpus, Measured, SelectionRow};
use crate::cli::failure::harmless;
use crate::cli::format::{number, size};

impl Measured {
    /// In words.
    pub(crate) fn words(&self) -> String {
        let mut text = format!("feature space  {}\nepsilon        {:e}\n", self.feature_space, self.epsilon);
        if let Some(sample) = self.sample {
            let sample = number(sample as u64);
            text += &format!(
                "sample         up to {sample} documents of raw and of each selection, by their content\n"
            );
        }
        if self.joined > 1 {
            let joined = number(self.joined as u64);
            text +=
                &format!("targets        {joined} of them count as one; --separate-targets measures each\n");
        }
        for table in [self.sizes(), self.variety(), self.closeness(), self.overlap()] {
            if table.len() > 1 {
                text.push('\n');
                text += &aligned(&table);
            }
        }
        if !self.weights.is_empty() {
            text.push('\n');
        }
        for row in &self.weights {
            let size = row.log_weights.effective_sample_size;
            let size = size.filter(|_| row.eligible > 0).map_or("none".into(), |size| format!("{size:.1}"));
            text += &format!(
                "weights        {}: effective sample size {size} of {} records by exp(log weight / {})\n",
                row.target,
                number(row.eligible),
                row.temperature,
            );
        }
        if !self.warnings.is_empty() {
            text.push('\n');
        }
        for warning in &self.warnings {
            text += &format!("warning        {warning}\n");
        }
        harmless(&text)
    }

    fn sizes(&self) -> Vec<Vec<String>> {
        let mut table = vec![cells(["", "documents", "tokens", "per document", "n-grams"])];
        table.push(self.raw.cells("raw"));
        table.extend(
            self.targets.iter().map(|target| target.corpus.cells(&format!("target {}", target.name))),
        );
        table.extend(self.selections.iter().map(|selection| selection.corpus.cells(&selection.name)));
        table
    }

    fn variety(&self) -> Vec<Vec<String>> {
        let heads = [
            "",
            "bytes",
            "different n-grams",
            "repeated records",
            "their tokens",
            "repeated texts",
            "their tokens",
        ];
        let mut table = vec![cells(heads)];
        table.extend(self.selections.iter().map(SelectionRow::variety));
        table
    }

    fn closeness(&self) -> Vec<Vec<String>> {
        let mut table = vec![cells(["KL in nats", "target", "raw", "selected", "reduction", "chance up to"])];
        for selection in &self.selections {
            for kl in &selection.kl {
                let chance = match (kl.chance, kl.random) {
                    (None, None) => "unknown".into(),
                    _ => nats(kl.by_chance()),
                };
                let [raw, selected, reduction] = [kl.raw, kl.selected, kl.reduction].map(nats);
                table.push(vec![selection.name.clone(), kl.target.clone(), raw, selected, reduction, chance]);
            }
            if selection.kl.len() > 1 {
                let mean = &selection.kl_mean;
                let [raw, selected, reduction] = [mean.raw, mean.selected, mean.reduction].map(nats);
                table.push(vec![
                    selection.name.clone(),
                    "(mean)".into(),
                    raw,
                    selected,
                    reduction,
                    String::new(),
                ]);
            }
        }
        table
    }

    fn overlap(&self) -> Vec<Vec<String>> {
        let mut table =
            vec![cells(["overlap", "with", "records", "Jaccard", "of the first", "of the other"])];
        for row in &self.overlaps {
            let overlap = &row.overlap;
            let about = if overlap.estimated { "~" } else { "" };
            table.push(vec![
                row.first.clone(),
                row.second.clone(),
                format!("{about}{}", number(overlap.shared as u64)),
                format!("{about}{:.4}", overlap.jaccard),
                percent(overlap.of_first, overlap.estimated),
                percent(overlap.of_second, overlap.estimated),
            ]);
        }
        table
    }
}

impl Corpus {
    fn cells(&self, name: &str) -> Vec<String> {
        let mut documents = number(self.counted);
        if self.counted < self.documents {
            documents += &format!(" of {}", number(self.documents));
        }
        let per_document = format!("{:.1}", self.tokens_per_document);
        vec![name.into(), documents, number(self.tokens), per_document, number(self.ngrams)]
    }
}

impl SelectionRow {
    fn variety(&self) -> Vec<String> {
        let shares = |of: Option<Repeats>| match of {
            Some(Repeats { documents, tokens, estimated }) => {
                [percent(documents, estimated), percent(tokens, estimated)]
            }
            None => ["unknown".into(), "unknown".into()],
        };
        let ngrams = format!("~{}", number(self.distinct_ngrams));
        let mut row = vec![self.name.clone(), size(self.bytes), ngrams];
        row.extend(shares(Some(self.repeated_records)));
        row.extend(shares(self.repeated_texts));
        row
    }
}

fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

fn nats(nats: f64) -> String {
    format!("{nats:.4}")
}

fn percent(share: f64, estimated: bool) -> String {
    format!("{}{:.2}%", if estimated { "~" } else { "" }, 100.0 * share)
}

/// The labels of all tables begin as wide.
const LABEL: usize = 13;

/// Lines of cells below each other: the first of a line begins where the column does, the others end where it does.
fn aligned(table: &[Vec<String>]) -> String {
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.first().map_or(0, Vec::len)).map(width).collect();
    let mut text = String::new();
    for row in table {
        let label = widths.first().copied().unwrap_or(0).max(LABEL);
        let mut line = row.first().map_or(String::new(), |cell| format!("{cell:<label$}"));
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            line += &format!("  {cell:>width$}");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}
