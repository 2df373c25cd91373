use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use crate::cli::args::Inspect;
use crate::cli::failure::Failure;
use crate::cli::format::{count, number, size};
use crate::cli::host::Outcome;
use crate::cli::marked::shown;
use crate::cli::options::{refuse_dash, text_fields};
use crate::density::{self, Classifier, HeldOut, Learned, Model, Refined, kl_divergence};
use crate::jobs::{self, ReadOptions, TellingNgram, TellingNgrams};
use crate::reader::{IdFields, Shards};
use crate::resample::Survey;
use crate::review::{self, SourceKind, SourceNames, SourceReview};
use crate::storage::{self, Input, is_folder};
use crate::weights::{self, WeightsFile, WeightsFolder};

pub(crate) fn inspect(args: &Inspect) -> Result<Outcome, Failure> {
    let path = &args.path;
    refuse_dash("MODEL|WEIGHTS|SHARD", path)?;
    let text = if is_folder(path) {
        match WeightsFolder::new(path).all() {
            Ok(weights) => {
                let info = WeightsFolder::new(path).info()?;
                let made_with =
                    info.map_or(String::new(), |info| format!("feature space  {}\n", info.feature_space));
                made_with + &describe_weights(&weights, path, args.min_tokens)?
            }
            Err(no_weights @ weights::Error::NotWeights { .. }) => match Shards::find([path]) {
                Ok(shards) => describe_shards(&shards)?,
                Err(_) => return Err(no_weights.into()),
            },
            Err(error) => return Err(error.into()),
        }
    } else if starts_as_numpy(path) {
        describe_weights(&[WeightsFile::open(path)?], Path::new(""), args.min_tokens)?
    } else {
        match Model::read(path) {
            Ok(model) => describe_model(&model)?,
            // What may have been meant as a model is told as one.
            Err(density::Error::NotAModel { reason, .. })
                if !reason.contains("dsir_model") && is_json(path) =>
            {
                return Err(density::Error::NotAModel { path: path.into(), reason }.into());
            }
            Err(density::Error::NotAModel { .. }) if let Some(what) = other_file_of_ours(path) => {
                return Err(Failure::usage(format!(
                    "{}: this is a {what} of dsir; what is looked into are models, weights and shards",
                    path.display()
                )));
            }
            Err(density::Error::NotAModel { .. }) => describe_shards(&Shards::find([path])?)?,
            Err(error) => return Err(error.into()),
        }
    };
    if args.sample.is_empty() {
        return Ok(Outcome::printed(text));
    }
    if is_folder(path) || starts_as_numpy(path) {
        return Err(Failure::usage(format!("{}: --sample is for a model", path.display())));
    }
    Ok(Outcome::printed(text + &describe_sample(args)?))
}

/// What a JSON file is that another command has written: a summary, a plan and so on.
fn other_file_of_ours(path: &Path) -> Option<String> {
    const LARGEST: u64 = 64 << 20;
    if !is_json(path) || path.metadata().ok()?.len() > LARGEST {
        return None;
    }
    let json: serde_json::Value = serde_json::from_slice(&storage::read(path).ok()?).ok()?;
    json.as_object()?.keys().find_map(|key| Some(key.strip_prefix("dsir_")?.to_owned()))
}

/// So many n-grams are told on each side.
const NGRAMS: usize = 12;

/// The n-grams of a sample that say most.
fn describe_sample(args: &Inspect) -> Result<String, Failure> {
    let read = ReadOptions {
        fields: text_fields("--text-field", &args.text_field)?,
        skip_invalid: true,
        ids: IdFields::default(),
        punkt: args.punkt.folder(),
    };
    let TellingNgrams { documents, targets, ngrams } =
        jobs::telling_ngrams(&args.path, &Shards::find(&args.sample)?, &read)?;
    let mut text = format!("sample         {}\n", count(documents, "document"));
    for (target, name) in targets.iter().enumerate() {
        let of = if targets.len() > 1 { format!(" for {}", shown(name)) } else { String::new() };
        let part = |ngram: &&TellingNgram| ngram.parts[target] / documents as f64;
        for (sign, verb) in [(1.0, "raise"), (-1.0, "lower")] {
            let mut of_sign: Vec<&TellingNgram> =
                ngrams.iter().filter(|ngram| part(ngram) * sign > 0.0).collect();
            of_sign.sort_by(|a, b| (sign * part(b)).total_cmp(&(sign * part(a))));
            let _ =
                writeln!(text, "\nn-grams that {verb} the mean log weight{of} most, how often they occur\n");
            for ngram in of_sign.into_iter().take(NGRAMS) {
                let times = format!("{}×", number(ngram.count));
                let _ = writeln!(text, "  {:+10.3} {times:>9}  {}", part(&ngram), shown(&ngram.ngram));
            }
        }
    }
    Ok(text)
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

/// An example takes no more characters.
const EXAMPLE: usize = 48;

fn describe_shards(shards: &Shards) -> Result<String, Failure> {
    let look = jobs::look(shards)?;
    let mut text = format!("shards         {}", number(shards.len() as u64));
    if let Some(bytes) = shards.total_bytes() {
        let _ = write!(text, ", {} as stored", size(bytes));
    }
    let _ =
        write!(text, "\nlooked at      the first {}, {}", count(look.records, "record"), size(look.bytes));
    if look.invalid > 0 {
        let _ = write!(text, "; {} no JSON object", number(look.invalid));
    }
    text.push('\n');
    let width = look.fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0).min(40);
    for (place, field) in look.fields.iter().enumerate() {
        let kinds: Vec<String> =
            field.kinds.iter().map(|(kind, times)| format!("{kind} {}", number(*times))).collect();
        let example: String = one_line(&field.example).chars().take(EXAMPLE).collect();
        let label = if place == 0 { "fields" } else { "" };
        let line = format!("{label:<15}{:<width$}  {}  {example}", shown(&field.name), kinds.join(", "));
        text += line.trim_end();
        text.push('\n');
    }
    match &look.text {
        Some((place, of_text)) => {
            let [tenth, half, most] = of_text.characters;
            let name = &look.fields[*place].name;
            let _ = writeln!(
                text,
                "text           most likely `{}`: {} characters, a tenth up to {}, a tenth from {}",
                shown(name),
                number(half),
                number(tenth),
                number(most)
            );
            let share = |(script, share): &(&str, f64)| format!("{script} {:.0}%", share * 100.0);
            let scripts: Vec<String> =
                of_text.scripts.iter().filter(|(_, of)| *of >= 0.005).take(5).map(share).collect();
            if !scripts.is_empty() {
                let _ = writeln!(text, "script         {}", scripts.join(", "));
            }
            if name != "text" {
                let _ = writeln!(text, "               so that it takes --text-field '{}'", shown(name));
            }
        }
        None => text += "text           no field of strings\n",
    }
    Ok(text)
}

fn one_line(text: &str) -> String {
    shown(&text.split_whitespace().collect::<Vec<_>>().join(" "))
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
        match &target.learned {
            Some(Learned::Refined(refined)) => text += &describe_refined(refined),
            Some(Learned::Classifier(classifier)) => text += &describe_classifier(classifier),
            None => {}
        }
    }
    Ok(text)
}

fn describe_refined(refined: &Refined) -> String {
    let Refined { share, rounds, history, .. } = refined;
    if refined.is_of_small_target() {
        return "refined        its log-ratios are drawn towards raw, since nothing could be held out\n"
            .to_owned();
    }
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

fn describe_classifier(classifier: &Classifier) -> String {
    let Classifier { documents: [target, others], held_out, .. } = classifier;
    let learned = format!("learned from {} of it and {} others", count(*target, "document"), number(*others));
    match held_out {
        Some(HeldOut { auc, .. }) => format!("classifier     {learned}; AUC {auc:.4} on held-out text\n"),
        None => format!("classifier     {learned}; nothing could be held out\n"),
    }
}

/// Of files in `folder`.
fn describe_weights(weights: &[WeightsFile], folder: &Path, min_tokens: u32) -> Result<String, Failure> {
    let full = weights.iter().all(|file| file.layout().is_full());
    let min_tokens = if full { min_tokens } else { 0 };
    let survey = Survey::new(weights, min_tokens, 1.0)?;
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
    if weights.len() > 1 {
        let name = |file: &WeightsFile| {
            let inside = file.path().strip_prefix(folder).unwrap_or(file.path());
            inside.with_extension("").display().to_string()
        };
        let names = SourceNames::Shards(weights.iter().map(name).collect());
        let (kind, sources) = review::sources_of_weights(weights, &survey, min_tokens, &names)?;
        for target in 0..survey.log_weights.len() {
            text += &quantiles(kind, &sources, target, survey.log_weights.len());
        }
    }
    Ok(text)
}

/// So many characters of a name.
const NAME: usize = 40;

/// Quantiles of log weights by source, as a table.
fn quantiles(kind: SourceKind, sources: &[SourceReview], target: usize, targets: usize) -> String {
    let by = match kind {
        SourceKind::Folder => "folder",
        SourceKind::Shards => "run of shards",
        SourceKind::Shard | SourceKind::Group => "shard",
    };
    let of = if targets > 1 { format!(" for target {}", target + 1) } else { String::new() };
    let mut text = format!("\nquantiles of log weights{of}, by {by}\n\n");
    let short = |name: &str| shown(name).chars().take(NAME).collect::<String>();
    let width = sources.iter().map(|source| short(&source.name).chars().count()).max().unwrap_or(0);
    let head = ["eligible", "5%", "25%", "median", "75%", "95%"].map(|head| format!("{head:>10}")).concat();
    let _ = writeln!(text, "{:width$}{head}", "");
    for source in sources {
        let Some(quantiles) = source.quantiles.get(target).copied().flatten() else { continue };
        let numbers = quantiles.map(|quantile| format!("{quantile:>10.1}")).concat();
        let _ =
            writeln!(text, "{:width$}{:>10}{numbers}", short(&source.name), number(source.eligible.records));
    }
    text
}
