use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dsir::progress::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Draws the progress of a run on the terminal until it is dropped.
///
/// It looks at the counters now and then, so that the threads that work never wait for the terminal.
pub(crate) struct Bar {
    over: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

const PERIOD: Duration = Duration::from_millis(100);
const KNOWN: &str = "{msg:>8} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} left";
const UNKNOWN: &str = "{msg:>8} {spinner} {bytes} {binary_bytes_per_sec} {elapsed}";

impl Bar {
    /// Begins to draw, if standard error is a terminal and `quiet` does not forbid it.
    pub(crate) fn start(progress: &Progress, quiet: bool) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let wanted = !quiet && std::io::stderr().is_terminal();
        let drawing = wanted.then(|| {
            let (progress, over) = (progress.clone(), Arc::clone(&over));
            thread::spawn(move || draw(&progress, &over))
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

fn draw(progress: &Progress, over: &AtomicBool) {
    let mut drawn: Option<(Stage, ProgressBar)> = None;
    while !over.load(Ordering::Relaxed) {
        let (stage, done) = progress.now();
        match &drawn {
            Some((same, bar)) if *same == stage => {
                bar.set_position(done);
                bar.tick();
            }
            _ if stage == Stage::default() => {}
            _ => {
                if let Some((_, earlier)) = &drawn {
                    earlier.finish_and_clear();
                }
                drawn = Some((stage, bar_for(stage)));
            }
        }
        thread::park_timeout(PERIOD);
    }
    if let Some((_, bar)) = drawn {
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
