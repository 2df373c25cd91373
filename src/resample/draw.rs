use super::expected::Expected;
use super::histogram::KeyHistogram;
use super::keys::KeyRules;
use super::plan::{Plan, SelectedRecord};
use super::request::{CountRequest, CountRows};
use super::rule::Rule;
use super::sample::RowSample;
use super::search::FEW;
use super::shares::{TargetSplit, target_split};
use super::steps::{Selection, StratumDraws, total};
use super::strata::{Stratum, strata};
use super::survey::{SurveyPart, survey};
use super::{DrawOptions, Error, Method, Position, Survey, TemperatureUnit, Totals};
use crate::weights::{Row, RowSource, TargetSize};

/// Finished draws, which decide about any record by its row of weights.
#[derive(Clone, Debug)]
pub struct Draw {
    plan: Plan,
    /// Whether records were drawn without regard to their weights.
    pub at_random: bool,
    /// What there was to draw from.
    pub survey: Survey,
    /// What was selected, for each draw and in it for each target; without what was mixed in.
    pub selections: Vec<Vec<Selection>>,
    /// What was selected from each group and each set that is mixed in, if there are any.
    pub groups: Vec<FromGroup>,
}

/// What was selected from one group.
#[derive(Clone, Debug, PartialEq)]
pub struct FromGroup {
    /// The group, or the set that is mixed in.
    pub name: String,
    /// Whether it is a set that is mixed in.
    pub is_mixed_in: bool,
    /// What was eligible.
    pub there: Totals,
    /// What was selected, by each draw.
    pub selected: Vec<Totals>,
}

impl Draw {
    /// Draws from `weights`: [`WeightsFile`](crate::weights::WeightsFile)s, one for each shard in input order, or
    /// another [`RowSource`]. `targets` gives the sizes of the targets.
    ///
    /// The weights are read a few times over in parallel, in an amount of memory that does not depend on
    /// their number.
    ///
    /// # Errors
    /// A request that cannot be met; weights that cannot be read.
    ///
    /// # Example
    /// Rows in memory, and the same rows in a file:
    ///
    /// ```
    /// use dsir::resample::{Budget, Draw, DrawOptions};
    /// use dsir::weights::{Rows, WeightsFile};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let log_weights = [-3.0, 0.5, 2.0, f64::NEG_INFINITY, 1.0];
    /// let hashes = [11, 22, 33, 44, 55];
    /// let rows = Rows::from_log_weights(log_weights.into_iter().zip(hashes))?;
    /// let options = DrawOptions { budget: Budget::Records(2), min_tokens: 0, ..DrawOptions::default() };
    /// let indices = Draw::new(&rows, None, &options)?.indices(&rows, 0)?;
    /// assert_eq!(indices, [1, 2]);
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("weights.npy");
    /// rows.write(0, &path)?;
    /// let files = [WeightsFile::open(&path)?];
    /// assert_eq!(Draw::new(&files, None, &options)?.indices(&files, 0)?, indices);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new<S: RowSource + ?Sized>(
        weights: &S,
        targets: Option<&[TargetSize]>,
        options: &DrawOptions,
    ) -> Result<Draw, Error> {
        Draw::of_rows(&weights, targets, options, FEW)
    }

    fn of_rows(
        rows: &dyn RowSource,
        targets: Option<&[TargetSize]>,
        options: &DrawOptions,
        few: u64,
    ) -> Result<Draw, Error> {
        let (shares, plan) = undecided(targets, rows.targets(), options)?;
        let every = RowSample::every(rows.total_rows());
        let (part, sample) = survey(rows, 0, &plan.rule, options.spread_temperature(), every)?;
        Draw::decide(part.finish()?, &sample, &shares, plan, options, few, &mut |request| {
            request.count(rows, 0)
        })
    }

    /// Draws from rows that are read elsewhere, in parts: `part` is what there is in all of them, and `count` answers
    /// each request with their counts. The draw is the same as [`Draw::new`] makes of all rows.
    ///
    /// # Errors
    /// A request that cannot be met; the errors of `count`.
    ///
    /// # Example
    /// Three parts, as three machines might hold them:
    ///
    /// ```
    /// use dsir::resample::{Budget, Draw, DrawOptions, SurveyPart};
    /// use dsir::weights::{RowFields, Rows};
    ///
    /// # fn main() -> Result<(), dsir::resample::Error> {
    /// let (mut all, mut parts) = (Rows::new(1), vec![Rows::new(1); 3]);
    /// for shard in 0..3 {
    ///     if shard > 0 {
    ///         all.begin_shard();
    ///     }
    ///     for number in 0..100 {
    ///         let record = (shard as u64 * 100 + number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ///         let fields = RowFields { record, tokens: 120, bytes: 700, group: None };
    ///         all.push(&[number as f64 / 9.0], fields)?;
    ///         parts[shard].push(&[number as f64 / 9.0], fields)?;
    ///     }
    /// }
    /// let options = DrawOptions { budget: Budget::Tokens(4000), ..DrawOptions::default() };
    ///
    /// let mut survey = SurveyPart::new(&parts[2], 2, None, &options)?;
    /// for shard in [0, 1] {
    ///     survey.merge(SurveyPart::new(&parts[shard], shard, None, &options)?)?;
    /// }
    /// let draw = Draw::from_counts(survey, None, &options, |request| {
    ///     let mut sum = request.histogram();
    ///     for shard in [1, 0, 2] {
    ///         sum.merge(request.count(&parts[shard], shard)?)?;
    ///     }
    ///     Ok(sum)
    /// })?;
    /// let of_all = Draw::new(&all, None, &options)?;
    /// assert_eq!(draw.selections[0][0].threshold, of_all.selections[0][0].threshold);
    /// assert_eq!(draw.plan(), of_all.plan());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_counts(
        part: SurveyPart,
        targets: Option<&[TargetSize]>,
        options: &DrawOptions,
        mut count: impl FnMut(&CountRequest) -> Result<KeyHistogram, Error>,
    ) -> Result<Draw, Error> {
        let (shares, plan) = undecided(targets, part.targets, options)?;
        Draw::decide(part.finish()?, &RowSample::NONE, &shares, plan, options, FEW, &mut count)
    }

    fn decide(
        survey: Survey,
        sample: &RowSample,
        shares: &[f64],
        plan: Plan,
        options: &DrawOptions,
        few: u64,
        count: &mut CountRows<'_>,
    ) -> Result<Draw, Error> {
        if survey.eligible.records == 0 {
            return Err(Error::NoneEligible {
                records: survey.records,
                too_short: survey.too_short,
                left_out: survey.left_out,
                invalid: survey.invalid,
                min_tokens: options.min_tokens,
            });
        }
        let plan = match (options.temperature_unit, &survey.log_weights[..]) {
            (TemperatureUnit::LogWeights, _) => plan,
            (TemperatureUnit::Deviations, [only]) => {
                Plan { keys: plan.keys.of_deviation(only.deviation), ..plan }
            }
            _ => return Err(Error::DeviationsOfSeveral),
        };
        let mut draw = Draw {
            selections: vec![vec![Selection::default(); shares.len()]; options.draws as usize],
            plan,
            groups: Vec::new(),
            at_random: options.method == Method::Random,
            survey,
        };
        for mut stratum in strata(options, &draw.survey, shares)? {
            let plan = Plan { strata: Vec::new(), ..draw.plan.clone() };
            let expected = match &options.curve {
                Some(curve) if !stratum.at_random => {
                    let (expected, there) = Expected::of_ranks(&plan, &stratum, curve, count)?;
                    stratum.keep_to(there, options)?;
                    Some(expected)
                }
                _ => None,
            };
            let mut draws = StratumDraws::new(plan, &stratum, expected, sample, options, few);
            for _ in 0..options.draws {
                draws.draw(count)?;
            }
            draw.add(draws.plan, &draws.selections, &stratum);
        }
        draw.plan.strata.sort_by_key(|stratum| stratum.group);
        draw.groups.sort_by(|a, b| a.is_mixed_in.cmp(&b.is_mixed_in).then(a.name.cmp(&b.name)));
        match draw.selections.iter().any(|selections| total(selections).records == 0) {
            true => Err(Error::NothingFits { budget: options.budget }),
            false => Ok(draw),
        }
    }

    /// Adds what was drawn from a stratum.
    fn add(&mut self, plan: Plan, selections: &[Vec<Selection>], stratum: &Stratum) {
        if stratum.group.is_some() {
            let selected = selections.iter().map(|draw| total(draw)).collect();
            let (name, is_mixed_in) = (stratum.name.clone(), stratum.at_random);
            self.groups.push(FromGroup { name, is_mixed_in, there: stratum.there, selected });
        }
        self.plan.strata.extend(plan.strata);
        if stratum.at_random {
            return;
        }
        for (sum, selection) in self.selections.iter_mut().flatten().zip(selections.iter().flatten()) {
            sum.add(selection);
        }
    }

    /// What was decided: all that [`selected_by`](Draw::selected_by) needs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The draws that have selected the record at `position`, each with the target that it was selected for. Draws and
    /// targets are numbers from 0.
    #[inline]
    pub fn selected_by(&self, position: Position, row: &Row<'_>) -> impl Iterator<Item = (usize, usize)> {
        self.plan.selected_by(position, row)
    }

    /// What each draw has selected of the rows that it was made from, in input order, with the targets. Takes up 24
    /// bytes for each record selected.
    ///
    /// # Errors
    /// Rows that cannot be read, or of another number of targets.
    pub fn selected<S: RowSource + ?Sized>(&self, rows: &S) -> Result<Vec<Vec<SelectedRecord>>, Error> {
        self.plan.selected(rows, 0)
    }

    /// What one draw, a number from 0, has selected of the rows that it was made from: the numbers of the rows, counted
    /// from 0 over all shards, in rising order. Nothing if there is no such draw.
    ///
    /// # Errors
    /// Rows that cannot be read, or of another number of targets.
    pub fn indices<S: RowSource + ?Sized>(&self, rows: &S, draw: usize) -> Result<Vec<usize>, Error> {
        let mut first_of_shard = vec![0];
        for shard in 0..rows.shards() {
            first_of_shard.push(first_of_shard[shard] + rows.rows(shard) as usize);
        }
        let selected = self.selected(rows)?.into_iter().nth(draw).unwrap_or_default();
        let index = |position: Position| first_of_shard[position.shard] + position.record as usize;
        Ok(selected.into_iter().map(|record| index(record.position)).collect())
    }

    /// The temperatures, in log weights, of each draw.
    pub fn temperatures(&self) -> &[f64] {
        &self.plan.keys.temperatures
    }

    /// All that one draw has selected, with what was mixed in.
    pub fn total_of(&self, draw: usize) -> Totals {
        let mut sum = total(&self.selections[draw]);
        let mixed_in = self.groups.iter().filter(|group| group.is_mixed_in);
        mixed_in.for_each(|group| sum.add(group.selected[draw]));
        sum
    }
}

/// The shares of the targets that draw, and a plan in which nothing is decided yet, for rows of `count` log weights.
fn undecided(
    targets: Option<&[TargetSize]>,
    count: usize,
    options: &DrawOptions,
) -> Result<(Vec<f64>, Plan), Error> {
    let TargetSplit { shares, exponents } = target_split(options, targets, count)?;
    let rule = Rule::of(options, exponents, targets, count);
    Ok((shares, Plan { rule, keys: KeyRules::of(options), strata: Vec::new() }))
}

#[cfg(test)]
mod tests;
