//! What is drawn: from what was typed to options that make sense.

use std::path::Path;

use super::args::amount::some;
use super::args::{CombineArg, DrawArgs, GroupShareArg, MethodArg, NormalizeArg, TemperatureArg, UniqueArgs};
use super::failure::Failure;
use super::options::{FilterArgs, field_path};
use super::usage;
use crate::jobs::{FileMixIn, Filter};
use crate::reader::{Condition, Conditions, Shards};
use crate::resample::{
    Budget, Combine, DrawOptions, GroupShares, Groups, InvalidDraw, Method, MixIn, Normalize, ShareBy,
    TemperatureUnit,
};

/// `FIELD=VALUE=N` or `FILE=N`.
enum MixInArg {
    Set(MixIn),
    File(MixIn),
}

impl DrawArgs {
    pub(crate) fn options(&self) -> Result<DrawOptions, Failure> {
        let budget = match (self.num, self.fraction, self.tokens, self.bytes) {
            (Some(records), ..) => Budget::Records(records),
            (_, Some(fraction), ..) => Budget::Fraction(fraction),
            (_, _, Some(tokens), _) => Budget::Tokens(tokens),
            (.., Some(bytes)) => Budget::Bytes(bytes),
            _ => {
                return Err(Failure::usage("how much? Pass -k, --fraction, --tokens or --bytes"));
            }
        };
        let mix_in = self.sets_mixed_in()?.into_iter().map(|(mix_in, _)| mix_in).collect();
        let (temperatures, temperature_unit) = self.temperatures()?;
        Ok(DrawOptions {
            budget,
            min_tokens: self.min_tokens,
            method: match self.method {
                MethodArg::Gumbel | MethodArg::Topk => Method::Gumbel,
                MethodArg::Random => Method::Random,
                MethodArg::Pareto => Method::Pareto,
            },
            temperatures,
            temperature_unit,
            normalize: self.normalize(),
            combine: self.combine()?,
            seed: self.seed,
            allow_fewer: self.allow_fewer,
            proportions: self.proportions.clone(),
            proportions_temperature: self.proportions_temperature,
            groups: self.group_by.as_ref().map(|_| self.group_shares()),
            mix_in,
            draws: self.draws.unwrap_or(1),
            disjoint: self.disjoint,
            repeat: self.repeat.or(self.repeat_curve.as_ref().map(|curve| curve.most())).unwrap_or(1),
            curve: self.repeat_curve.clone(),
        })
    }

    pub(crate) fn normalize(&self) -> Option<Normalize> {
        self.normalize.map(|normalize| match normalize {
            NormalizeArg::None => Normalize::None,
            NormalizeArg::Sqrt => Normalize::Sqrt,
            NormalizeArg::Tokens => Normalize::Tokens,
        })
    }

    /// One for all draws, or one for each, and in what they are told.
    fn temperatures(&self) -> Result<(Vec<f64>, TemperatureUnit), Failure> {
        match self.method {
            MethodArg::Topk if self.temperature != [TemperatureArg::ONE] => {
                return Err(usage::words_of_draw(&InvalidDraw::TemperatureOfMethod));
            }
            MethodArg::Topk => return Ok((vec![0.0], TemperatureUnit::LogWeights)),
            _ => {}
        }
        let in_deviations = |given: &TemperatureArg| matches!(given, TemperatureArg::Deviations(_));
        let unit = match self.temperature.iter().filter(|given| in_deviations(given)).count() {
            0 => TemperatureUnit::LogWeights,
            all if all == self.temperature.len() => TemperatureUnit::Deviations,
            _ => return Err(Failure::usage("--temperature: give all in standard deviations, or none")),
        };
        let number = |given: &TemperatureArg| match *given {
            TemperatureArg::LogWeights(number) | TemperatureArg::Deviations(number) => number,
        };
        Ok((self.temperature.iter().map(number).collect(), unit))
    }

    fn combine(&self) -> Result<Combine, Failure> {
        match (self.combine, &self.exponents) {
            (CombineArg::Apart, None) => Ok(Combine::Apart),
            (CombineArg::Apart, Some(_)) => Err(usage::words_of_draw(&InvalidDraw::ExponentsOfNoProduct)),
            (CombineArg::Product, exponents) => Ok(Combine::Product(exponents.clone())),
        }
    }

    fn group_shares(&self) -> GroupShares {
        let by = match &self.group_share {
            None | Some(GroupShareArg::Raw) => ShareBy::Raw,
            Some(GroupShareArg::Even) => ShareBy::Even,
            Some(GroupShareArg::Named(shares)) => ShareBy::Named(shares.clone()),
        };
        GroupShares { by, names: Groups::new() }
    }

    /// What is asked of every record, and of all of them.
    pub(crate) fn filter(&self, asked: FilterArgs<'_>, unique: &UniqueArgs) -> Result<Filter, Failure> {
        let group_by = self.group_by.as_ref().map(|field| field_path("--group-by", field)).transpose()?;
        let mix_in = self.sets_mixed_in()?.into_iter().map(|(_, conditions)| conditions).collect();
        Ok(Filter { group_by, mix_in, unique: unique.unique, ..asked.filter()? })
    }

    fn mix_ins(&self) -> Result<Vec<MixInArg>, Failure> {
        let parse = |given: &'_ String| {
            let (what, records) = given.rsplit_once('=')?;
            let records = some(records).ok()?;
            let mix_in = MixIn { name: what.to_owned(), records };
            let is_path = what.starts_with(['/', '.']) || !what.contains(['=', '<', '>']);
            Some((mix_in, is_path)).filter(|_| !what.is_empty())
        };
        let mut wanted = Vec::new();
        for given in &self.mix_in {
            let (mix_in, is_path) = parse(given).ok_or_else(|| {
                Failure::usage(format!(
                    "--mix-in {given}: write FIELD=VALUE=N or FILE=N, N being a number of records above 0"
                ))
            })?;
            wanted.push(if is_path { MixInArg::File(mix_in) } else { MixInArg::Set(mix_in) });
        }
        Ok(wanted)
    }

    /// The sets of the raw records that are mixed in.
    fn sets_mixed_in(&self) -> Result<Vec<(MixIn, Conditions)>, Failure> {
        let mut sets = Vec::new();
        for wanted in self.mix_ins()? {
            if let MixInArg::Set(mix_in) = wanted {
                let condition = &mix_in.name;
                let wanted = condition.parse::<Condition>();
                let wanted = wanted.map_err(|why| Failure::usage(format!("--mix-in {condition}: {why}")))?;
                sets.push((mix_in, Conditions::new(vec![wanted], Vec::new())));
            }
        }
        Ok(sets)
    }

    /// The files that are mixed in.
    pub(crate) fn files_mixed_in(&self) -> Result<Vec<FileMixIn>, Failure> {
        let mut files = Vec::new();
        for wanted in self.mix_ins()? {
            if let MixInArg::File(mix_in) = wanted {
                let MixIn { name, records } = mix_in;
                let shards = Shards::find([Path::new(&name)])?;
                files.push(FileMixIn { name, shards, records });
            }
        }
        Ok(files)
    }
}
