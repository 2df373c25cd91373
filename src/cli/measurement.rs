//! What was measured: as JSON for programs, in tables for people.

use serde_json::Value;

use super::failure::harmless;
use super::format::{number, size};
use super::warnings;
use crate::jobs::{Corpus, Measurement, Repeats, SelectionReport};

/// As JSON, with warnings in the words of the command line.
pub(crate) fn json(measured: &Measurement) -> Value {
    // Plain data always make JSON.
    let mut json = serde_json::to_value(measured).unwrap_or_default();
    if let Value::Object(json) = &mut json {
        let warnings: Vec<String> = measured.warnings.iter().map(warnings::words).collect();
        json.insert("warnings".into(), warnings.into());
    }
    json
}

/// In tables; so many targets count as one.
pub(crate) fn words(measured: &Measurement, joined: usize) -> String {
    let mut text =
        format!("feature space  {}\nepsilon        {:e}\n", measured.feature_space, measured.epsilon);
    if let Some(sample) = measured.sample {
        let sample = number(sample as u64);
        text += &format!(
            "sample         up to {sample} documents of raw and of each selection, by their content\n"
        );
    }
    if joined > 1 {
        let joined = number(joined as u64);
        text += &format!("targets        {joined} of them count as one; --separate-targets measures each\n");
    }
    let tables = Tables(measured);
    for table in [tables.sizes(), tables.variety(), tables.closeness(), tables.overlap()] {
        if table.len() > 1 {
            text.push('\n');
            text += &aligned(&table);
        }
    }
    if !measured.weights.is_empty() {
        text.push('\n');
    }
    for row in &measured.weights {
        let size = row.log_weights.effective_sample_size;
        let size = size.filter(|_| row.eligible > 0).map_or("none".into(), |size| format!("{size:.1}"));
        text += &format!(
            "weights        {}: effective sample size {size} of {} records by exp(log weight / {})\n",
            row.target,
            number(row.eligible),
            row.temperature,
        );
    }
    if !measured.warnings.is_empty() {
        text.push('\n');
    }
    for warning in &measured.warnings {
        text += &format!("warning        {}\n", warnings::words(warning));
    }
    harmless(&text)
}

struct Tables<'a>(&'a Measurement);

impl Tables<'_> {
    fn sizes(&self) -> Vec<Vec<String>> {
        let mut table = vec![cells(["", "documents", "tokens", "per document", "n-grams"])];
        table.push(corpus_cells(&self.0.raw, "raw"));
        let targets = self.0.targets.iter();
        table.extend(targets.map(|target| corpus_cells(&target.corpus, &format!("target {}", target.name))));
        let selections = self.0.selections.iter();
        table.extend(selections.map(|selection| corpus_cells(&selection.corpus, &selection.name)));
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
        table.extend(self.0.selections.iter().map(variety_cells));
        table
    }

    fn closeness(&self) -> Vec<Vec<String>> {
        let mut table = vec![cells(["KL in nats", "target", "raw", "selected", "reduction", "chance up to"])];
        for selection in &self.0.selections {
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
        for row in &self.0.overlaps {
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

fn corpus_cells(corpus: &Corpus, name: &str) -> Vec<String> {
    let mut documents = number(corpus.counted);
    if corpus.counted < corpus.documents {
        documents += &format!(" of {}", number(corpus.documents));
    }
    let per_document = format!("{:.1}", corpus.tokens_per_document);
    vec![name.into(), documents, number(corpus.tokens), per_document, number(corpus.ngrams)]
}

fn variety_cells(selection: &SelectionReport) -> Vec<String> {
    let shares = |of: Option<Repeats>| match of {
        Some(Repeats { documents, tokens, estimated }) => {
            [percent(documents, estimated), percent(tokens, estimated)]
        }
        None => ["unknown".into(), "unknown".into()],
    };
    let ngrams = format!("~{}", number(selection.distinct_ngrams));
    let mut row = vec![selection.name.clone(), size(selection.bytes), ngrams];
    row.extend(shares(Some(selection.repeated_records)));
    row.extend(shares(selection.repeated_texts));
    row
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
