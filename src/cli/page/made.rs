//! Copies, and how the selection was made.

use super::Page;
use super::html::{escaped, share_cell, table};
use crate::cli::format::{count, number, size};
use crate::density::Model;
use crate::jobs::SelectedRecords;

impl Page<'_> {
    pub(super) fn copies(&self) -> String {
        let Some(records) = self.report.draw.as_ref().and_then(|draw| draw.records_selected.as_ref()) else {
            return String::new();
        };
        let SelectedRecords { records, copies, target_documents, target_ngrams, shared_by_draws, .. } =
            records;
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
        if let Some(sharing) = target_ngrams {
            let what = "others with 13 tokens in a row of a target document".to_owned();
            rows.push(vec![what, number(*sharing), of(*sharing)]);
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
        for classified in report.classified.iter().flatten() {
            let held_out = classified.held_out.map_or("nothing could be held out".to_owned(), |held_out| {
                format!("AUC {:.4} on held-out text", held_out.auc)
            });
            rows.push([format!("classifier for {}", classified.target), held_out]);
        }
        if let Some(repeated) = report.repeated_texts {
            rows.push(["left out by --unique".into(), count(repeated, "document")]);
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

    fn draw_options(&self) -> String {
        let draw = &self.summary["options"]["draw"];
        let words =
            ["method", "temperature", "normalize", "combine", "repeat", "repeat_curve", "min_tokens", "seed"];
        let words = words.map(|name| {
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
}
