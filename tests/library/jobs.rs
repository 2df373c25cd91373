use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use dsir::density::FitBudget;
use dsir::featurizer::FeatureSpace;
use dsir::jobs::{self, DrawBy, ResampleOptions};
use dsir::reader::Shards;
use dsir::resample::{Budget, DrawOptions};
use dsir::{ErrorKind, Observer, Stage};

use crate::corpus::{Corpus, fit, record, select_options, weigh};
use crate::determinism::{TARGET, documents};

fn draw() -> DrawOptions {
    DrawOptions { budget: Budget::Fraction(0.1), min_tokens: 1, ..DrawOptions::default() }
}

/// Shards of some megabytes together, and a target.
fn corpus(folder: &Corpus) -> (Vec<PathBuf>, PathBuf) {
    let content = documents(30_000).concat();
    let shards = (0..8).map(|number| folder.write(&format!("raw-{number}.jsonl"), &content)).collect();
    (shards, folder.write("target.jsonl", record(TARGET)))
}

#[test]
fn two_jobs_at_once_one_is_cancelled_and_one_fails() {
    let folder = Corpus::new();
    let (raw, target) = corpus(&folder);
    let broken = folder.write("broken.jsonl", documents(50).concat() + "no record\n");
    let with_broken: Vec<PathBuf> = raw.iter().take(2).cloned().chain([broken.clone()]).collect();

    let (cancelled, failing) = (Observer::default(), Observer::default());
    let [of_cancelled, of_failing, of_whole] = ["cancelled", "failed", "whole"].map(|name| folder.path(name));
    let job = || select_options(&raw, &target, &draw(), &of_cancelled);
    let (stopped, failed) = thread::scope(|scope| {
        let stopped = scope.spawn(|| jobs::select(job(), &cancelled));
        let options = select_options(&with_broken, &target, &draw(), &of_failing);
        let failed = scope.spawn(|| jobs::select(options, &failing));
        let has_begun =
            |(stage, bytes): (Stage, u64)| stage.name == "weigh" || stage.name == "fit" && bytes > 0;
        while !has_begun(cancelled.now()) {
            assert!(!stopped.is_finished(), "{:?}", cancelled.now());
            thread::sleep(Duration::from_micros(100));
        }
        cancelled.cancel();
        (stopped.join().unwrap().unwrap_err(), failed.join().unwrap().unwrap_err())
    });

    // Each ends for its own reason, and writes nothing.
    assert_eq!(stopped.kind(), ErrorKind::Cancelled);
    assert_eq!(
        (failed.kind(), failed.path(), failed.line()),
        (ErrorKind::InvalidRecord, Some(&*broken), Some(51))
    );
    assert!(!failing.is_cancelled());
    assert!(!of_cancelled.exists() && !of_failing.exists());

    // The one that was cancelled is resumed, and gives the bytes of a job that nothing stopped.
    assert!(cancelled.resumable().is_some_and(|work| work.exists()));
    let resumed = jobs::select(job(), &Observer::default()).unwrap();
    let fit = resumed.stages.iter().find(|stage| stage.stage == "fit").unwrap();
    assert!(fit.read.as_ref().unwrap().bytes_before.is_some_and(|bytes| bytes > 0));
    jobs::select(select_options(&raw, &target, &draw(), &of_whole), &Observer::default()).unwrap();
    assert!(fs::read(&of_cancelled).unwrap() == fs::read(&of_whole).unwrap());
}

#[test]
fn a_job_that_was_cancelled_before_it_began_reads_nothing() {
    let folder = Corpus::new();
    let raw = [folder.write("raw.jsonl", documents(50).concat())];
    let target = folder.write("target.jsonl", record(TARGET));
    let observer = Observer::default();
    observer.cancel();
    let output = folder.path("selected.jsonl");
    let error = jobs::select(select_options(&raw, &target, &draw(), &output), &observer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(!output.exists());
}

#[test]
fn a_draw_that_was_cancelled_decides_nothing() {
    let folder = Corpus::new();
    let raw = [folder.write("raw.jsonl", documents(50).concat())];
    let target = folder.write("target.jsonl", record(TARGET));
    let model = fit(&raw, &[("target", &[target])], FeatureSpace::default(), 0.0, FitBudget(None));
    weigh(&model, &raw, &folder.path("weights"));

    let by = DrawBy::Weights(folder.path("weights"));
    let options = || ResampleOptions::new(Shards::find(&raw).unwrap(), by.clone(), draw());
    let observer = Observer::default();
    observer.cancel();
    let plan = folder.path("plan.json");
    let error = jobs::plan(options(), &plan, &observer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(!plan.exists());
    jobs::plan(options(), &plan, &Observer::default()).unwrap();
    assert!(plan.exists());
}
