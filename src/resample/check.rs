//! Options of a draw that make no sense, found out before anything is read.

use super::invalid::IdleOption;
use super::{Budget, Combine, DrawOptions, InvalidDraw, MOST_REPEATS, Method};

impl DrawOptions {
    /// Refuses what would change nothing, or make no sense together.
    ///
    /// # Errors
    /// What that is.
    pub fn check(&self) -> Result<(), InvalidDraw> {
        let product = matches!(self.combine, Combine::Product(_));
        let method = match self.method {
            Method::Random => Some("random"),
            Method::Pareto => Some("pareto"),
            Method::Gumbel => None,
        };
        let idle = |option, method| Err(InvalidDraw::Idle { option, method });
        match method {
            None if product && self.proportions_temperature != 1.0 => {
                return Err(InvalidDraw::SharesOfProduct);
            }
            Some(method) if self.normalize.is_some() => return idle(IdleOption::Normalize, method),
            Some(method) if product => return idle(IdleOption::Product, method),
            _ => {}
        }
        self.check_temperatures()?;
        self.check_repeats()?;
        if product && self.proportions.is_some() {
            return Err(InvalidDraw::ProportionsOfProduct);
        }
        Ok(())
    }

    fn check_repeats(&self) -> Result<(), InvalidDraw> {
        if !(1..=MOST_REPEATS).contains(&self.repeat) {
            return Err(InvalidDraw::Repeats(self.repeat));
        }
        if let Budget::Fraction(share) = self.budget
            && share > f64::from(self.repeat)
        {
            return Err(InvalidDraw::ShareAboveAll(share));
        }
        if self.disjoint && self.repeat > 1 {
            return Err(InvalidDraw::RepeatsOfDisjoint);
        }
        let by_log_weights = self.method == Method::Gumbel && self.is_at_temperature_1();
        match self.curve {
            Some(_) if !by_log_weights => Err(InvalidDraw::CurveOfMethod),
            _ => Ok(()),
        }
    }

    /// One for all draws, or one for each.
    fn check_temperatures(&self) -> Result<(), InvalidDraw> {
        let (given, draws) = (&self.temperatures, self.draws);
        if self.method != Method::Gumbel && !self.is_at_temperature_1() {
            return Err(InvalidDraw::TemperatureOfMethod);
        }
        if given.len() != 1 && given.len() != draws as usize {
            return Err(InvalidDraw::Temperatures { temperatures: given.len(), draws });
        }
        if let Some(unsound) = given.iter().find(|t| !t.is_finite() || **t < 0.0) {
            return Err(InvalidDraw::Temperature(*unsound));
        }
        let without_noise = given.iter().filter(|t| **t == 0.0).count();
        let alike = if given.len() == 1 { without_noise * draws as usize } else { without_noise };
        if alike > 1 && !self.disjoint {
            return Err(InvalidDraw::SameDraws);
        }
        Ok(())
    }
}
