use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use crate::cli::args::Inspect;
use crate::cli::failure::Failure;
use crate::cli::format::{count, number, size};
use crate::cli::host::Outcome;
use crate::cli::options::refuse_dash;
use crate::density::{Model, Refined, kl_divergence};
use crate::resample::Survey;
use crate::storage::{Input, is_folder};
use crate::weights::{WeightsFile, WeightsFolder};

pub(crate) fn inspect(args: &Inspect) -> Result<Outcome, Failure> {
    let path = &args.path;
    refuse_dash("MODEL|WEIGHTS", path)?;
    let text = if is_folder(path) {
        let weights = WeightsFolder::new(path).all()?;
        let info = WeightsFolder::new(path).info()?;
        let made_with = info.map_or(String::new(), |info| format!("feature space  {}\n", info.feature_space));
        made_with + &describe_weights(&weights, args.min_tokens)?
    } else if starts_as_numpy(path) {
        describe_weights(&[WeightsFile::open(path)?], args.min_tokens)?
    } else {
        describe_model(&Model::read(path)?)?
    };
    Ok(Outcome::printed(text))
}

fn starts_as_numpy(path: &Path) -> bool {
    let mut start = [0; 6];
    Input::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"\x93NUMPY"
}

fn describe_model(model: &Model) -> Result<String, Failure> {
    let mut text = format!("feature space  {}\nsmoothing      {}\n", model.space, model.smoothing);
    let mut raw_density = None;
    match &model.raw {
        None => text += "raw            not counted: merge with a model of the raw corpus to weigh\n",
        Some(raw) => {
            let total = raw.total(model.space.buckets)?;
            let sampled = match raw.first_level {
                0 => "all".to_owned(),
                level => format!(
                    "a sample of about one in {}",
                    number(1u64.checked_shl(level).unwrap_or(u64::MAX))
                ),
            };
            let _ = writeln!(
                text,
                "raw            {} read, {sampled} counted: {}, {} tokens, {} n-grams",
                count(raw.documents_read, "document"),
                count(total.documents, "document"),
                number(total.tokens),
                number(total.ngrams().unwrap_or(0)),
            );
            if raw.copies > 0 {
                let counted =
                    if raw.may_miss_copies() { "a sample may hold all or none" } else { "so all is counted" };
                let _ =
                    writeln!(text, "copies         about {} of one record: {counted}", number(raw.copies));
            }
            raw_density = model.raw_density().ok();
        }
    }
    if model.targets.is_empty() {
        text += "targets        none: merge with a model of a target to weigh\n";
    }
    for target in &model.targets {
        let (documents, tokens) = (count(target.counts.documents, "document"), number(target.counts.tokens));
        let _ = write!(text, "target         {}: {documents}, {tokens} tokens", target.name);
        if let (Some(raw), Ok(density)) = (&raw_density, model.target_density(target)) {
            let _ = write!(text, ", KL from raw {:.3} nats", kl_divergence(&density, raw));
        }
        text.push('\n');
        if let Some(refined) = &target.refined {
            text += &describe_refined(refined);
        }
    }
    Ok(text)
}

fn describe_refined(refined: &Refined) -> String {
    let Refined { share, rounds, history, .. } = refined;
    // A model that is read has these.
    let kl = |index: usize| history.get(index).copied().unwrap_or(f64::NAN);
    format!(
        "refined        {} for a share of {share:.3e}; KL of held-out text {:.3} nats, {:.3} by plain weights, {:.3} \
            per token\n",
        count((*rounds).into(), "round"),
        kl(*rounds as usize + 1),
        kl(0),
        kl(1),
    )
}

fn describe_weights(weights: &[WeightsFile], min_tokens: u32) -> Result<String, Failure> {
    let full = weights.iter().all(|file| file.layout().is_full());
    let survey = Survey::new(weights, if full { min_tokens } else { 0 }, 1.0)?;
    let mut text = format!(
        "weights        {} in {}\n",
        count(survey.records, "record"),
        count(weights.len() as u64, "file")
    );
    if !full {
        text += "fields         log_weight, without content hash, tokens or bytes\n";
    }
    let eligible = survey.eligible;
    let _ = writeln!(
        text,
        "eligible       {}, {} tokens, {}; {} too short, {} left out, {} invalid",
        count(eligible.records, "record"),
        number(eligible.tokens),
        size(eligible.bytes),
        number(survey.too_short),
        number(survey.left_out),
        number(survey.invalid),
    );
    for (target, spread) in survey.log_weights.iter().enumerate().filter(|_| eligible.records > 0) {
        let of =
            if survey.log_weights.len() > 1 { format!("target {}: ", target + 1) } else { String::new() };
        let _ = writeln!(
            text,
            "log weight     {of}{:.1} to {:.1}, mean {:.1}, deviation {:.1}; effective sample size {:.1}",
            spread.min,
            spread.max,
            spread.mean,
            spread.deviation,
            spread.effective_sample_size.unwrap_or(0.0),
        );
    }
    Ok(text)
}
