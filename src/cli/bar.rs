use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::failure::say;
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
const KNOWN: &str =
    "{msg:>8} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} left";
const UNKNOWN: &str = "{msg:>8} {spinner} {decimal_bytes} {decimal_bytes_per_sec} {elapsed}";

impl Bar {
    /// Begins to draw, if standard error is a terminal and `quiet` does not forbid it.
    pub(crate) fn start(observer: &Observer, voice: &Arc<Voice>, quiet: bool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let wanted = !quiet && std::io::stderr().is_terminal();
        let drawing = wanted.then(|| {
            let (observer, voice, over) = (observer.clone(), Arc::clone(voice), Arc::clone(&over));
            thread::spawn(move || draw(&observer, &voice, &over))
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
    let mut drawn = Stage::default();
    while !over.load(Ordering::Relaxed) {
        let (stage, done) = observer.now();
        let mut bar = voice.bar();
        match &*bar {
            Some(bar) if stage == drawn => {
                bar.set_position(done);
                bar.tick();
            }
            _ if stage == Stage::default() => {}
            _ => {
                if let Some(earlier) = bar.take() {
                    earlier.finish_and_clear();
                }
                drawn = stage;
                *bar = Some(bar_for(stage));
            }
        }
        drop(bar);
        thread::park_timeout(PERIOD);
    }
    if let Some(bar) = voice.bar().take() {
        bar.finish_and_clear();
    }
}

fn bar_for(stage: Stage) -> ProgressBar {
    let template = if stage.total.is_some() { KNOWN } else { UNKNOWN };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(stage.total, ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_message(stage.name);
    bar
}
