//! Strata: what is drawn from apart from all else, which is groups and sets that are mixed in.

use super::groups::ShareBy;
use super::{Budget, DrawOptions, Error, Survey, Totals, group_id, mix_in_id, shares};

/// Records that are drawn from together: a group, a set that is mixed in, or, if there are neither, all.
#[derive(Clone, Debug)]
pub(super) struct Stratum {
    pub(super) name: String,
    /// The group in the rows of its records.
    pub(super) group: Option<u64>,
    /// What is eligible in it.
    pub(super) there: Totals,
    /// How often a draw may select one record.
    pub(super) repeats: u32,
    /// What a draw can select at most.
    pub(super) most: Totals,
    pub(super) budget: Budget,
    /// How much each target draws, in the unit of the budget.
    pub(super) limits: Vec<u64>,
    /// Whether its records are drawn without regard to the log weights.
    pub(super) at_random: bool,
}

impl Stratum {
    /// Draws no more than there is of which a curve expects anything.
    pub(super) fn keep_to(&mut self, there: Totals, options: &DrawOptions) -> Result<(), Error> {
        self.most = there.times(self.repeats);
        let most = self.budget.price(&self.most);
        for limit in &mut self.limits {
            if *limit > most && !options.allow_fewer {
                return Err(Error::CurveTooLow {
                    group: self.group.map_or(String::new(), |_| self.name.clone()),
                    budget: self.budget,
                    asked: *limit,
                    there,
                    repeat: self.repeats,
                });
            }
            *limit = most.min(*limit);
        }
        Ok(())
    }
}

/// Splits the budget between strata and, in each, between targets of these shares.
pub(super) fn strata(options: &DrawOptions, survey: &Survey, targets: &[f64]) -> Result<Vec<Stratum>, Error> {
    let budget = options.budget;
    let whole = limit(options, survey)?;
    let repeats = options.repeat;
    let mut strata = Vec::new();
    if survey.groups.is_empty() {
        let limits = shares::apportion(whole, targets);
        let (name, there, most) = (String::new(), survey.eligible, survey.eligible.times(repeats));
        strata.push(Stratum { name, group: None, there, repeats, most, budget, limits, at_random: false });
    }
    let (mixed, groups): (Vec<_>, Vec<_>) =
        survey.groups.iter().partition(|(id, _)| (0..options.mix_in.len()).any(|set| **id == mix_in_id(set)));

    let by_size = options.groups.as_ref().is_none_or(|groups| groups.by == ShareBy::Raw);
    let parts = shares::apportion(whole, &group_shares(options, &groups)?);
    for ((id, there), part) in groups.into_iter().zip(parts) {
        let most = there.times(repeats);
        let has = budget.price(&most);
        // Split by what there is, a part may be rounded up to one more than that.
        if part > has && !options.allow_fewer && !by_size {
            return Err(Error::GroupTooSmall {
                group: name(options, *id),
                budget,
                asked: part,
                there: *there,
                repeat: repeats,
            });
        }
        let limits = shares::apportion(part.min(has), targets);
        let name = name(options, *id);
        let (group, there) = (Some(*id), *there);
        strata.push(Stratum { name, group, there, repeats, most, budget, limits, at_random: false });
    }
    for (set, mix_in) in options.mix_in.iter().enumerate() {
        let there = mixed
            .iter()
            .find(|(id, _)| **id == mix_in_id(set))
            .map_or(Totals::default(), |(_, there)| **there);
        if mix_in.records > there.records && !options.allow_fewer {
            let (name, asked) = (mix_in.name.clone(), mix_in.records);
            return Err(Error::MixInTooSmall { name, asked, there: there.records });
        }
        let limits = vec![mix_in.records.min(there.records)];
        let budget = Budget::Records(mix_in.records);
        let name = mix_in.name.clone();
        let (group, most) = (Some(mix_in_id(set)), there);
        strata.push(Stratum { name, group, there, repeats: 1, most, budget, limits, at_random: true });
    }
    Ok(strata)
}

/// The shares of the groups that there are; they sum to 1.
fn group_shares(options: &DrawOptions, groups: &[(&u64, &Totals)]) -> Result<Vec<f64>, Error> {
    let by = options.groups.as_ref().map_or(&ShareBy::Raw, |groups| &groups.by);
    let shares: Vec<f64> = match by {
        ShareBy::Raw => groups.iter().map(|(_, there)| options.budget.price(there) as f64).collect(),
        ShareBy::Even => vec![1.0; groups.len()],
        ShareBy::Named(named) => {
            let is_there = |name: &str| groups.iter().any(|(id, _)| **id == group_id(name));
            if let Some((unknown, _)) = named.iter().find(|(name, share)| *share > 0.0 && !is_there(name)) {
                let mut names: Vec<String> = groups.iter().map(|(id, _)| name(options, **id)).collect();
                names.sort_unstable();
                return Err(Error::NoSuchGroup { group: unknown.clone(), groups: names.join(", ") });
            }
            let share = |id: u64| {
                named.iter().find(|(name, _)| group_id(name) == id).map_or(0.0, |(_, share)| *share)
            };
            groups.iter().map(|(id, _)| share(**id)).collect()
        }
    };
    let sum: f64 = shares.iter().sum();
    Ok(shares.into_iter().map(|share| if sum > 0.0 { share / sum } else { 0.0 }).collect())
}

fn name(options: &DrawOptions, id: u64) -> String {
    if options.groups.is_none() {
        return "(all else)".into();
    }
    options
        .groups
        .as_ref()
        .and_then(|groups| groups.names.get(&id).cloned())
        .unwrap_or_else(|| format!("#{id:x}"))
}

/// The budget in its own unit: records, tokens or bytes.
pub(super) fn limit(options: &DrawOptions, survey: &Survey) -> Result<u64, Error> {
    let there = options.budget.price(&survey.eligible);
    let most = options.budget.price(&survey.eligible.times(options.repeat));
    let asked = match options.budget {
        Budget::Fraction(fraction) => ((there as f64 * fraction).round() as u64).min(most),
        Budget::Records(asked) | Budget::Tokens(asked) | Budget::Bytes(asked) => asked,
    };
    if asked > most && !options.allow_fewer {
        let (records, eligible, repeat) = (survey.records, survey.eligible, options.repeat);
        return Err(Error::TooFew { budget: options.budget, records, eligible, repeat });
    }
    Ok(asked.min(most))
}
