//! The page about a selection: one HTML file that asks for nothing else, and runs nothing.

mod budgets;
mod documents;
mod evaluation;
mod html;
mod made;
mod opening;
mod plots;
mod sources;
mod spread;

use std::ffi::OsString;

use serde_json::Value;

use super::marked::shown;
use super::warnings::words;
use crate::jobs::Report;
use crate::review::Review;
use html::escaped;

/// What the page tells of.
pub(crate) struct Page<'a> {
    pub(crate) report: &'a Report,
    pub(crate) review: &'a Review,
    /// The summary, with the options that were typed.
    pub(crate) summary: &'a Value,
    /// What was typed, the program's name first.
    pub(crate) typed: &'a [OsString],
}

const STYLE: &str = include_str!("style.css");

/// A section of the page: its anchor, its heading, and its content in HTML; left out if that is empty.
struct Section {
    anchor: &'static str,
    heading: &'static str,
    content: String,
}

impl Page<'_> {
    /// The page.
    pub(crate) fn html(&self) -> String {
        let section = |anchor, heading, content| Section { anchor, heading, content };
        let sections = [
            section("warnings", "Warnings", self.warnings()),
            section("documents", "What was selected", self.documents()),
            section("sources", "Where it comes from", self.sources()),
            section("ngrams", "N-grams raised and lowered", self.ngrams()),
            section("lengths", "How long the documents are", self.lengths()),
            section("weights", "Log weights", self.log_weights()),
            section("budget", "With another budget", self.curve()),
            section("copies", "Copies, repeats and overlap", self.copies()),
            section("evaluation", "Evaluation sets", self.evaluation_sets()),
            section("made", "How it was made", self.made()),
        ];
        let sections: Vec<&Section> = sections.iter().filter(|section| !section.content.is_empty()).collect();
        let links = sections.iter().map(|section| {
            format!("<li><a href=\"#{}\">{}</a></li>", section.anchor, escaped(section.heading))
        });
        let content = sections.iter().map(|section| {
            let Section { anchor, heading, content } = section;
            let heading = escaped(heading);
            format!(
                "<section aria-labelledby=\"{anchor}\">\n<h2 id=\"{anchor}\">{heading}</h2>\n{content}</section>\n"
            )
        });
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<main id=\"main\">\n{opening}\
             <nav aria-label=\"Sections\"><ul>{links}</ul></nav>\n{content}</main>\n</body>\n</html>\n",
            title = escaped(&self.title()),
            opening = self.opening(),
            links = links.collect::<String>(),
            content = content.collect::<String>(),
        )
    }

    fn warnings(&self) -> String {
        let warning = |warning| format!("<p class=\"warning\">{}</p>\n", escaped(&words(warning)));
        self.report.warnings.iter().map(warning).collect()
    }

    /// The names of the targets that draw.
    fn target_names(&self) -> Vec<&str> {
        let drawn = self.drawn().into_iter().flat_map(|(_, epoch)| &epoch.draw);
        drawn.map(|target| target.name.as_str()).collect()
    }

    /// The names of the targets that closeness was measured to.
    fn measured_names(&self) -> Vec<&str> {
        let measured = self.drawn().into_iter().flat_map(|(_, epoch)| epoch.kl_reduction.iter().flatten());
        measured.map(|closeness| closeness.target.as_str()).collect()
    }

    /// ` for NAME` if there are several targets.
    fn for_target(&self, target: usize) -> String {
        match &self.target_names()[..] {
            [] | [_] => String::new(),
            names => names.get(target).map_or_else(String::new, |name| format!(" for {name}")),
        }
    }

    /// What was typed, as a shell takes it.
    fn command(&self) -> String {
        let words = self.typed.iter().enumerate().map(|(place, word)| match place {
            0 => "dsir".to_owned(),
            _ => quoted(&word.to_string_lossy()),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", shown(word).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_as_a_shell_takes_them() {
        assert_eq!(quoted("a/b-1.jsonl"), "a/b-1.jsonl");
        assert_eq!(quoted("score>=0.5"), "'score>=0.5'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
