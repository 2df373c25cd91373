//! Documents to look at, each with why it has its log weight.

use std::fmt::Write as _;

use super::Page;
use super::html::{beginning, escaped, folded, table, three_digits};
use crate::cli::format::{count, number};
use crate::cli::marked::{Piece, pieces};
use crate::explain::{Explanation, NgramPart};
use crate::jobs::ScoreKind;
use crate::review::{DocumentKind, DrawnBy, ReviewedDocument};

/// Of a text, so many characters are shown.
const SHOWN: usize = 3000;
/// So many of them in a line that stands for it.
const BEGINNING: usize = 110;
/// So many n-grams on each side.
const NGRAMS: usize = 8;

impl Page<'_> {
    pub(super) fn documents(&self) -> String {
        let kinds = [
            (
                DocumentKind::Selected,
                "Selected, at random",
                "The draw takes more of some documents than of others; \
              these stand for the whole selection.",
            ),
            (
                DocumentKind::Top,
                "Selected, with the largest log weights",
                "What the target is thought to be most \
              of all. Long documents come first where log weights are sums over all n-grams.",
            ),
            (
                DocumentKind::Above,
                "Selected, next to the threshold",
                "The last that came in: a smaller budget would \
              have left them out.",
            ),
            (
                DocumentKind::Below,
                "Not selected, next to the threshold",
                "The first that did not come in, of a \
              sample of what is eligible.",
            ),
            (DocumentKind::Left, "Not selected, at random", "What the raw corpus has more of."),
        ];
        let mut out = String::new();
        for (kind, heading, note) in kinds {
            let of_kind = self.review.documents.iter().filter(|document| document.kind == kind);
            let told: String = of_kind.map(|document| self.document(document)).collect();
            if !told.is_empty() {
                let _ = write!(out, "<h3>{heading}</h3>\n<p class=\"soft\">{note}</p>\n{told}");
            }
        }
        if out.is_empty() {
            return out;
        }
        let legend = if self.review.documents.iter().any(|document| document.explanation.is_some()) {
            "<p>Open a document to read it. <mark>Such words</mark> raise its log weight most, \
             <mark class=\"down\">such words</mark> lower it.</p>\n"
        } else {
            "<p>Open a document to read it.</p>\n"
        };
        legend.to_owned() + &out
    }

    fn document(&self, document: &ReviewedDocument) -> String {
        let ReviewedDocument {
            shard,
            row,
            tokens,
            target,
            log_weight,
            margin,
            text,
            is_cut,
            explanation,
            ..
        } = document;
        let place = format!("{}, row {}", shard.display(), number(*row));
        let summary = format!(
            "<span dir=\"auto\">{}</span> <span class=\"soft\">log weight {}, {}</span>",
            escaped(&beginning(text, BEGINNING)),
            three_digits(*log_weight),
            count(u64::from(*tokens), "token")
        );
        let side = if *margin >= 0.0 { "above" } else { "below" };
        let key = match self.review.drawn_by {
            DrawnBy::LogWeight => "log weight",
            _ => "key",
        };
        let mut content = format!(
            "<p class=\"soft\">{}{}. Its {key} is {} {side} the threshold{}.</p>\n",
            escaped(&place),
            escaped(&self.for_target(*target)),
            three_digits(margin.abs()),
            if self.report.draw.as_ref().is_some_and(|draw| draw.epochs.len() > 1) {
                " of the first draw"
            } else {
                ""
            },
        );
        content += "<div class=\"text\" dir=\"auto\" tabindex=\"0\" role=\"group\" aria-label=\"Text\">";
        match explanation {
            Some(explanation) => {
                for piece in pieces(text, &explanation.words, *target, SHOWN) {
                    content += &match piece {
                        Piece::Plain(text) => escaped(text),
                        Piece::Raises(word) => format!("<mark>{}</mark>", escaped(word)),
                        Piece::Lowers(word) => format!("<mark class=\"down\">{}</mark>", escaped(word)),
                    };
                }
            }
            None => content += &escaped(&text.chars().take(SHOWN).collect::<String>()),
        }
        let is_long = text.chars().nth(SHOWN).is_some();
        content += if is_long || *is_cut { " […]</div>\n" } else { "</div>\n" };
        if let Some(explanation) = explanation {
            let is_by_length =
                self.report.draw.as_ref().is_some_and(|draw| draw.scores == ScoreKind::Normalized);
            content += &parts(explanation, *target, *is_cut, is_by_length.then_some(*log_weight));
        }
        folded(&summary, &content)
    }
}

/// What a log weight is made of.
fn parts(explanation: &Explanation, target: usize, is_cut: bool, by_length: Option<f64>) -> String {
    let Explanation { log_weights, ngrams, .. } = explanation;
    let of = |part: &NgramPart| part.parts.get(target).copied().unwrap_or(0.0);
    let Some(log_weight) = log_weights.get(target) else { return String::new() };
    let of_what = if is_cut { "the beginning of the document, which is longer," } else { "all its n-grams" };
    let by_length = match by_length {
        Some(log_weight) => format!(" By length, this is the log weight {}.", three_digits(log_weight)),
        None => String::new(),
    };
    let mut out = format!(
        "<p>The sum over {of_what} is {}: {} by n-grams that raise it, {} by those that lower it.{by_length}</p>\n<div \
         class=\"two\">\n",
        three_digits(*log_weight),
        three_digits(explanation.sum_of(target, 1.0)),
        three_digits(explanation.sum_of(target, -1.0))
    );
    for (sign, caption) in [(1.0, "Raise it most"), (-1.0, "Lower it most")] {
        let rows: Vec<Vec<String>> = explanation
            .most_telling(target, sign)
            .into_iter()
            .take(NGRAMS)
            .map(|part| {
                let shares = match &part.same_bucket[..] {
                    [] => String::new(),
                    [first, ..] => format!(
                        " <span class=\"soft\">in one bucket with <bdi class=\"ngram\">{}</bdi></span>",
                        escaped(&beginning(&ngrams[*first].ngram, 40))
                    ),
                };
                let ngram = escaped(&beginning(&part.ngram, 60));
                vec![
                    format!("<bdi class=\"ngram\">{ngram}</bdi>{shares}"),
                    number(part.count),
                    three_digits(of(part)),
                ]
            })
            .collect();
        if !rows.is_empty() {
            out += &table(caption, &[("n-gram", false), ("times", true), ("adds", true)], &rows);
        }
    }
    out + "</div>\n"
}
