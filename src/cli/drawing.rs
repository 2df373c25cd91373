//! What is drawn, and of what: from what was typed to options that make sense.

use dsir::passes::Filter;
use dsir::reader::{Condition, Conditions, FieldPath};
use dsir::resample::{Budget, Combine, DrawOptions, GroupShares, Groups, Method, Normalize, ShareBy};

use super::args::{
    CombineArg, DrawArgs, GroupShareArg, MethodArg, NormalizeArg, PunktArgs, QualityArgs, WhereArgs,
};
use super::failure::Failure;

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
        self.refuse_idle()?;
        let mix_in = self.sets_mixed_in()?.into_iter().map(|(mix_in, _)| mix_in).collect();
        Ok(DrawOptions {
            budget,
            min_tokens: self.min_tokens,
            method: match self.method {
                MethodArg::Gumbel | MethodArg::Topk => Method::Gumbel,
                MethodArg::Random => Method::Random,
                MethodArg::Pareto => Method::Pareto,
            },
            temperatures: self.temperatures()?,
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
        })
    }

    pub(crate) fn normalize(&self) -> Option<Normalize> {
        self.normalize.map(|normalize| match normalize {
            NormalizeArg::None => Normalize::None,
            NormalizeArg::Sqrt => Normalize::Sqrt,
            NormalizeArg::Tokens => Normalize::Tokens,
        })
    }

    /// Refuses what would change nothing, or what is no longer a probability.
    fn refuse_idle(&self) -> Result<(), Failure> {
        let method = match self.method {
            MethodArg::Random => "random",
            MethodArg::Pareto => "pareto",
            MethodArg::Gumbel | MethodArg::Topk => "",
        };
        let product = self.combine == CombineArg::Product;
        let idle =
            |option: &str| Err(Failure::usage(format!("{option} has no meaning for --method {method}")));
        match method {
            "" if product && self.proportions_temperature != 1.0 => Err(Failure::usage(
                "--combine product makes one draw: --proportions-temperature has no shares to change",
            )),
            "" => Ok(()),
            _ if self.normalize.is_some() => idle("--normalize"),
            _ if product => idle("--combine product"),
            _ => Ok(()),
        }
    }

    /// One for all draws, or one for each.
    fn temperatures(&self) -> Result<Vec<f64>, Failure> {
        let draws = self.draws.unwrap_or(1);
        let given = &self.temperature;
        if self.method != MethodArg::Gumbel && *given != [1.0] {
            return Err(Failure::usage("--temperature is for --method gumbel: the others know none"));
        }
        let temperatures = if self.method == MethodArg::Topk { vec![0.0] } else { given.clone() };
        if temperatures.len() > 1 && temperatures.len() != draws as usize {
            let count = temperatures.len();
            return Err(Failure::usage(format!(
                "--temperature: {count} temperatures for {draws} draws; give one for each of --draws, or one for all"
            )));
        }
        let without_noise = temperatures.iter().filter(|t| **t == 0.0).count();
        let alike = if temperatures.len() == 1 { without_noise * draws as usize } else { without_noise };
        if alike > 1 && !self.disjoint {
            let what = if self.method == MethodArg::Topk { "--method topk" } else { "--temperature 0" };
            return Err(Failure::usage(format!(
                "{what} draws the same every time: pass --disjoint, or no --draws"
            )));
        }
        Ok(temperatures)
    }

    fn combine(&self) -> Result<Combine, Failure> {
        match (self.combine, &self.exponents, &self.proportions) {
            (CombineArg::Apart, None, _) => Ok(Combine::Apart),
            (CombineArg::Apart, Some(_), _) => {
                Err(Failure::usage("--exponents are those of a product: pass --combine product"))
            }
            (CombineArg::Product, _, Some(_)) => {
                Err(Failure::usage("--combine product makes one draw: there are no --proportions of it"))
            }
            (CombineArg::Product, exponents, None) => Ok(Combine::Product(exponents.clone())),
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

    /// What is asked of every record.
    pub(crate) fn filter(&self, asked: Asked<'_>) -> Result<Filter, Failure> {
        let group_by = self.group_by.as_ref().map(|field| field_path("--group-by", field)).transpose()?;
        let mix_in = self.sets_mixed_in()?.into_iter().map(|(_, conditions)| conditions).collect();
        Ok(Filter { group_by, mix_in, ..asked.filter()? })
    }
}

/// What is asked of records, whatever is drawn.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a>(pub(crate) &'a WhereArgs, pub(crate) &'a QualityArgs, pub(crate) &'a PunktArgs);

impl Asked<'_> {
    pub(crate) fn filter(self) -> Result<Filter, Failure> {
        let Asked(r#where, quality, punkt) = self;
        let told = |option, conditions: &[Condition]| -> Vec<String> {
            conditions.iter().map(|condition| format!("{option} {condition}")).collect()
        };
        let mut asked = [told("--where", &r#where.r#where), told("--where-not", &r#where.where_not)].concat();
        let quality = quality.bounds().map(|bounds| Ok::<_, Failure>((bounds, punkt.read()?))).transpose()?;
        if let Some((bounds, punkt)) = &quality {
            asked.push(format!("--quality {bounds} with the sentence model {:016x}", punkt.fingerprint()));
        }
        Ok(Filter { conditions: r#where.conditions(), quality, asked, ..Filter::default() })
    }
}

/// The fields that conditions look at, each with the option that names it.
pub(crate) fn fields_of(conditions: &Conditions) -> impl Iterator<Item = (&'static str, FieldPath)> {
    let wanted = conditions.wanted().map(|condition| ("--where", condition.field().clone()));
    wanted.chain(conditions.unwanted().map(|condition| ("--where-not", condition.field().clone())))
}

/// The fields that must be there, each with the option that names it.
pub(crate) fn fields_asked_for(
    filter: &Filter,
    score_field: Option<&FieldPath>,
) -> Vec<(&'static str, FieldPath)> {
    let mixed_in = filter.mix_in.iter().flat_map(Conditions::wanted);
    let mixed_in = mixed_in.map(|condition| ("--mix-in", condition.field().clone()));
    let groups = filter.group_by.iter().map(|field| ("--group-by", field.clone()));
    let scores = score_field.map(|field| ("--score-field", field.clone()));
    fields_of(&filter.conditions).chain(mixed_in).chain(groups).chain(scores).collect()
}

pub(crate) fn field_path(option: &str, name: &str) -> Result<FieldPath, Failure> {
    FieldPath::new(name)
        .ok_or_else(|| Failure::usage(format!("{option} {name}: a field's name with an empty part")))
}
