//! Options that are chosen by trying them.

use dsir::jobs::{self, ChooseOptions, Chosen};
use dsir::passes::{Eligible, ReadOptions, TargetShards};
use dsir::reader::Shards;
use dsir::refine::{Choice, EVALUATION_SPACE, Evaluation, Weighting};
use dsir::resample::DrawOptions;
use dsir::warning::Warning;
use serde_json::json;

use super::args::{NormalizeArg, Select, TokenizerArg};
use super::failure::Failure;
use super::options::Run;
use super::summary::Summary;

/// What has no text cannot be looked at in another feature space.
pub(crate) fn refuse_ids(args: &Select) -> Result<(), Failure> {
    if args.refine.auto && args.fit.count.tokenizer == TokenizerArg::Ids {
        return Err(Failure::usage("--auto evaluates by texts, and the tokenizer `ids` has numbers"));
    }
    Ok(())
}

/// Chooses, and makes `args` what they would be if the options chosen had been typed.
pub(crate) fn choose(
    args: &mut Select,
    (raw, targets): (&Shards, &[TargetShards]),
    draw: &DrawOptions,
    eligible: &Eligible,
    read: &ReadOptions,
    run: &Run,
    summary: &mut Summary,
) -> Result<(), Failure> {
    // All are read again.
    raw.keep_streams(&run.temp_dir);
    targets.iter().for_each(|target| target.shards.keep_streams(&run.temp_dir));
    let space = args.fit.count.space(read.punkt.as_deref())?;
    let options = ChooseOptions { space, smoothing: args.fit.count.smoothing, draw, eligible, read };
    let Chosen { choice, report, seconds } = jobs::choose(raw, targets, options, &run.observer)?;
    summary.stage_of_sampling(&report);
    summary.stage_without_bytes("evaluate", seconds);

    args.fit.count.ngrams = choice.candidate.ngrams;
    match choice.candidate.weights {
        Weighting::Published => {}
        Weighting::Tokens => args.draw.normalize = Some(NormalizeArg::Tokens),
        Weighting::Refined => args.refine.refine = true,
    }
    tell(&choice, targets, summary);
    summary.note("options", json!(args));
    Ok(())
}

fn tell(choice: &Choice, targets: &[TargetShards], summary: &mut Summary) {
    let Choice { candidate, evaluations } = choice;
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    summary.note(
        "auto",
        json!({
            "options": candidate.to_string(),
            "judged_in": EVALUATION_SPACE,
            "targets": names,
            "candidates": evaluations,
        }),
    );
    let Some(chosen) = evaluations.iter().find(|evaluation| evaluation.candidate == *candidate) else {
        return summary.warn(Warning::NotJudged { target: None });
    };
    for (name, _) in names.iter().zip(&chosen.kl_reductions).filter(|(_, reduction)| reduction.is_none()) {
        summary.warn(Warning::NotJudged { target: Some((*name).to_owned()) });
    }
    let mut others: Vec<&Evaluation> =
        evaluations.iter().filter(|other| other.candidate != *candidate).collect();
    others.sort_by(|a, b| b.kl_reduction.total_cmp(&a.kl_reduction));
    let others = others.iter().map(|other| format!("{} {:.4}", other.candidate, other.kl_reduction));
    let others = others.collect::<Vec<_>>().join(", ");
    summary.line(
        "auto",
        format!(
            "{candidate}: KL reduction {:.4} nats on held-out text, in another feature space (not comparable with KL below; \
             differences under 0.01 are mostly chance); others: {others}",
            chosen.kl_reduction
        ),
    );
}
