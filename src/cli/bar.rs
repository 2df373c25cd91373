use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::say;
use super::format::{number, size};
use crate::{Observer, Stage};

/// Draws the progress of a run on the terminal until it is dropped.
///
/// It looks at the counters now and then, so that the threads that work never wait for the terminal.
pub(crate) struct Bar {
    over: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

/// Says something on standard error while a bar may be drawn there.
#[derive(Default)]
pub(crate) struct Voice(Mutex<Option<ProgressBar>>);

impl Voice {
    /// Prints a line; the bar, if there is one, is drawn anew below it.
    pub(crate) fn say(&self, line: &str) {
        match &*self.bar() {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PERIOD: Duration = Duration::from_millis(100);
/// What is drawn where there are so many columns, and where there are fewer. No line grows with the terminal: one that
/// is made narrower would break it.
const WIDE: u16 = 72;
const KNOWN: [&str; 2] = [
    "{msg:>8} {bar:16} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} left{prefix}",
    "{msg} {percent}% {decimal_bytes_per_sec} {eta} left",
];
const UNKNOWN: [&str; 2] = [
    "{msg:>8} {spinner} {decimal_bytes} {decimal_bytes_per_sec} {elapsed}{prefix}",
    "{msg} {decimal_bytes} {decimal_bytes_per_sec}",
];
/// The threshold is told where there are so many.
const WIDEST: u16 = 96;

impl Bar {
    /// Begins to draw, if standard error is a terminal and `quiet` does not forbid it; where it is none, begins to say
    /// now and then how far the run is.
    pub(crate) fn start(observer: &Observer, voice: &Arc<Voice>, quiet: bool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_terminal = std::io::stderr().is_terminal();
        let drawing = (!quiet).then(|| {
            let (observer, voice, over) = (observer.clone(), Arc::clone(voice), Arc::clone(&over));
            thread::spawn(move || match is_terminal {
                true => draw(&observer, &voice, &over),
                false => log(&observer, &over),
            })
        });
        Bar { over, drawing }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(drawing) = self.drawing.take() {
            drawing.thread().unpark();
            // It does nothing that could fail but draw.
            drawing.join().unwrap_or_default();
        }
    }
}

fn draw(observer: &Observer, voice: &Voice, over: &AtomicBool) {
    let mut drawn = (Stage::default(), 0);
    while !over.load(Ordering::Relaxed) {
        let (stage, done) = observer.now();
        let mut bar = voice.bar();
        match &*bar {
            Some(bar) if (stage, columns()) == drawn => {
                let threshold = observer.threshold().filter(|_| drawn.1 >= WIDEST);
                bar.set_prefix(threshold.map_or(String::new(), |key| format!(", threshold {key:.1}")));
                bar.set_position(done);
                bar.tick();
            }
            Some(bar) if stage == drawn.0 => {
                drawn.1 = columns();
                bar.set_style(style(stage, drawn.1));
            }
            _ if stage == Stage::default() => {}
            _ => {
                if let Some(earlier) = bar.take() {
                    earlier.finish_and_clear();
                }
                drawn = (stage, columns());
                *bar = Some(bar_for(stage, drawn.1));
            }
        }
        drop(bar);
        thread::park_timeout(PERIOD);
    }
    if let Some(bar) = voice.bar().take() {
        bar.finish_and_clear();
    }
}

/// A log gets a line so often.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

fn log(observer: &Observer, over: &AtomicBool) {
    let (mut logged, mut begun) = (Instant::now(), (Stage::default(), Instant::now()));
    while !over.load(Ordering::Relaxed) {
        let (stage, done) = observer.now();
        if stage != begun.0 {
            begun = (stage, Instant::now());
        }
        if logged.elapsed() >= LOGGED_EVERY {
            logged = Instant::now();
            say(&line(stage, done, begun.1.elapsed()));
        }
        // To its end, a run waits for nothing.
        thread::park_timeout(LOGGED_EVERY.saturating_sub(logged.elapsed()).min(Duration::from_secs(1)));
    }
}

/// How far a stage is after so long, in a line.
fn line(stage: Stage, done: u64, after: Duration) -> String {
    let speed = done as f64 / after.as_secs_f64().max(1e-3);
    let so_far = match stage.total {
        Some(total) => format!("{} of {}", size(done), size(total)),
        None => size(done),
    };
    let left = match stage.total.and_then(|total| total.checked_sub(done)) {
        Some(rest) if speed > 0.0 => format!(", {} s left", number((rest as f64 / speed).ceil() as u64)),
        _ => String::new(),
    };
    format!("{}: {so_far}, {} a second{left}", stage.name, size(speed as u64))
}

/// How many columns the terminal has.
fn columns() -> u16 {
    console::Term::stderr().size().1
}

fn style(stage: Stage, columns: u16) -> ProgressStyle {
    let templates = if stage.total.is_some() { KNOWN } else { UNKNOWN };
    let template = templates[usize::from(columns < WIDE)];
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn bar_for(stage: Stage, columns: u16) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(stage.total, ProgressDrawTarget::stderr());
    bar.set_style(style(stage, columns));
    bar.set_message(stage.name);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_log() {
        let (weigh, stream) =
            (Stage { name: "weigh", total: Some(3_000_000) }, Stage { name: "fit", total: None });
        let second = Duration::from_secs(1);
        assert_eq!(line(weigh, 1_000_000, second), "weigh: 1.0 MB of 3.0 MB, 1.0 MB a second, 2 s left");
        assert_eq!(line(stream, 500, second), "fit: 500 bytes, 500 bytes a second");
    }
}
