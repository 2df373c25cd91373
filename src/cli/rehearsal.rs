//! What a dry run has found out, in lines.

use super::format::{count, number, size, wrapped};
use super::marked::shown;
use crate::jobs::{Rehearsal, Room, RoomFor};

pub(super) fn in_words(rehearsal: &Rehearsal) -> String {
    let Rehearsal { shards, stored_bytes, bytes, documents, eligible, targets, selected, .. } = rehearsal;
    let mut lines = vec![wrapped("dry run", "nothing was written")];
    let mut add = |label: &str, text: String| lines.push(wrapped(label, &text));
    for target in targets {
        let documents = count(target.documents, "document");
        add("target", format!("{}: {documents}, {} tokens", shown(&target.name), number(target.tokens)));
    }
    let stored = format!("{}, {} as stored", count(*shards as u64, "shard"), size(*stored_bytes));
    let invalid = match rehearsal.invalid {
        0 => String::new(),
        invalid => format!(", {} of them invalid", number(invalid)),
    };
    match (documents, bytes) {
        (Some(documents), Some(bytes)) => {
            add("raw", format!("{stored}; about {} of {}", about(*documents, "document"), size(*bytes)));
            add(
                "by",
                format!(
                    "the first {} of {}{invalid}",
                    count(rehearsal.records_read, "record"),
                    count(rehearsal.shards_looked_into as u64, "shard")
                ),
            );
        }
        _ if rehearsal.shards_looked_into < *shards && rehearsal.records_read == 0 => {
            add("raw", format!("{stored}; a stream cannot be looked into beforehand"));
        }
        _ => add("raw", format!("{stored}; there is no record at their beginnings, or some are streams")),
    }
    if let (Some(eligible), Some(selected)) = (eligible, selected) {
        add(
            "eligible",
            format!(
                "about {}, {} tokens",
                about(eligible.records, "document"),
                number(rounded(eligible.tokens))
            ),
        );
        add(
            "selected",
            format!(
                "about {}; of average length {} tokens, {}, but log weights that are sums may prefer longer ones",
                about(selected.records, "document"),
                number(rounded(selected.tokens)),
                size(selected.bytes)
            ),
        );
    }
    for Room { what, path, needs, free } in &rehearsal.room {
        let label = match what {
            RoomFor::Output => "output",
            RoomFor::Work => "work",
        };
        let needs = match what {
            RoomFor::Output => format!("about {}", size(*needs)),
            RoomFor::Work => {
                format!("about {} until the end, and candidates of compressed shards", size(*needs))
            }
        };
        let free = free.map_or_else(String::new, |free| format!("; {} are free", size(free)));
        add(label, format!("{}: {needs}{free}", shown(&path.display().to_string())));
    }
    if let Some(seconds) = rehearsal.seconds {
        let threads = count(rehearsal.threads as u64, "thread");
        add("time", format!("about {} on {threads}, by the speed of reading these", time(seconds)));
    }
    lines.join("\n") + "\n"
}

/// Two digits that count: a guess has no more.
fn rounded(number: u64) -> u64 {
    let unit = 10u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(1));
    (number + unit / 2) / unit * unit
}

fn about(guess: u64, what: &str) -> String {
    count(rounded(guess), what)
}

fn time(seconds: f64) -> String {
    match seconds {
        short if short < 1.0 => "a second".to_owned(),
        short if short < 100.0 => format!("{short:.0} s"),
        long if long < 6000.0 => format!("{:.0} min", long / 60.0),
        long => format!("{:.0} h", long / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_have_two_digits() {
        let guesses = [0, 7, 99, 123, 1250, 98_765].map(rounded);
        assert_eq!(guesses, [0, 7, 99, 120, 1300, 99_000]);
        assert_eq!([0.2, 42.4, 130.0, 90_000.0].map(time), ["a second", "42 s", "2 min", "25 h"]);
    }
}
