//! What was found of evaluation sets, and left out.

use super::Page;
use super::html::{escaped, table};
use crate::cli::format::{count, number};
use crate::jobs::{Decontaminated, DecontaminatedSet, SharedNgram};

impl Page<'_> {
    pub(super) fn evaluation_sets(&self) -> String {
        let Some(Decontaminated { ngrams, documents, sets }) = &self.report.decontaminated else {
            return String::new();
        };
        let row = |set: &DecontaminatedSet| {
            let DecontaminatedSet { name, items, too_short, untold, documents, items_found, .. } = set;
            let numbers = [*items, too_short + untold, *items_found, *documents].map(number);
            std::iter::once(escaped(name)).chain(numbers).collect()
        };
        let columns = [
            ("evaluation set", false),
            ("items", true),
            ("not looked for", true),
            ("found", true),
            ("documents left out", true),
        ];
        let examples = sets.iter().filter_map(|set| set.example.as_ref().map(|example| (&set.name, example)));
        let examples: String = examples
            .map(|(name, SharedNgram { document, item, ngram })| {
                let [name, document, item, ngram] = [name, document, item, ngram].map(|text| escaped(text));
                format!("<p>{name}: <code>{document}</code> has of <code>{item}</code>: <q>{ngram}</q></p>\n")
            })
            .collect();
        format!(
            "<p>{} were left out, since they have {ngrams} tokens in a row of an item.</p>\n{}{examples}",
            count(*documents, "document"),
            table("Evaluation sets", &columns, &sets.iter().map(row).collect::<Vec<_>>())
        )
    }
}
