//! Which options to select with: six ways to weigh, and which of them is best by text held out.

use std::fmt;

use serde::Serialize;

/// One way to weigh: how long n-grams are, and what becomes of their log-ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// N-grams of 1 to so many tokens.
    pub ngrams: u8,
    /// How log weights come from log-ratios.
    pub weights: Weights,
}

/// How log weights come from log-ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// Sums over all n-grams of a document.
    Published,
    /// The same, by its length in tokens.
    Tokens,
    /// By its length, with log-ratios that were learned.
    Refined,
}

impl Weights {
    /// From the simplest on.
    pub const ALL: [Weights; 3] = [Weights::Published, Weights::Tokens, Weights::Refined];
}

impl Candidate {
    /// The lengths of n-grams, beginning with the one that was published.
    pub const NGRAMS: [u8; 2] = [2, 1];

    /// All, in the order in which, of equals, the first is chosen: as published, then the simpler.
    pub fn all() -> impl Iterator<Item = Candidate> {
        Weights::ALL.into_iter().flat_map(|weights| Self::NGRAMS.map(|ngrams| Candidate { ngrams, weights }))
    }

    /// What is chosen if nothing can be judged.
    pub const PUBLISHED: Candidate = Candidate { ngrams: Self::NGRAMS[0], weights: Weights::Published };
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = match self.weights {
            Weights::Published => "as published",
            Weights::Tokens => "per token",
            Weights::Refined => "refined",
        };
        write!(f, "n-grams of 1 to {}, {weights}", self.ngrams)
    }
}

/// What came of judging one candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Which one.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// KL reduction in nats, in the mean over the targets that could be judged.
    pub kl_reduction: f64,
    /// The same of each target; `None` if it could not be judged.
    pub kl_reductions: Vec<Option<f64>>,
    /// How many rounds of refining were best for each target; `None` if they were of no use, or are not asked for.
    pub rounds: Vec<Option<u32>>,
}

/// What was chosen, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The candidate that was chosen.
    pub candidate: Candidate,
    /// All of them, in their order; none if nothing could be judged.
    pub judged: Vec<Judged>,
}

/// Of one target: the KL reduction of every candidate, in their order, with the rounds of those that are refined.
pub type OfTarget = Vec<(f64, Option<u32>)>;

impl Choice {
    /// Chooses by what was found for each target; `None` is a target that could not be judged, and has no say.
    pub fn new(targets: &[Option<OfTarget>]) -> Self {
        let could_be_judged = targets.iter().flatten().count();
        if could_be_judged == 0 {
            return Choice { candidate: Candidate::PUBLISHED, judged: Vec::new() };
        }
        let judged: Vec<Judged> = Candidate::all()
            .enumerate()
            .map(|(at, candidate)| {
                let of_it = |target: &Option<OfTarget>| target.as_ref().map(|candidates| candidates[at]);
                let kl_reductions: Vec<Option<f64>> =
                    targets.iter().map(|target| of_it(target).map(|(reduction, _)| reduction)).collect();
                let sum: f64 = kl_reductions.iter().flatten().sum();
                let rounds = targets.iter().map(|target| of_it(target).and_then(|(_, rounds)| rounds));
                let kl_reduction = to_a_millionth(sum / could_be_judged as f64);
                Judged { candidate, kl_reduction, rounds: rounds.collect(), kl_reductions }
            })
            .collect();
        let mut best = &judged[0];
        for other in &judged[1..] {
            if other.kl_reduction > best.kl_reduction {
                best = other;
            }
        }
        Choice { candidate: best.candidate, judged }
    }
}

/// Which prints short.
pub(super) fn to_a_millionth(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_target(reductions: [f64; 6]) -> Option<OfTarget> {
        Some(reductions.into_iter().map(|reduction| (reduction, None)).collect())
    }

    fn chosen(targets: &[Option<OfTarget>]) -> String {
        Choice::new(targets).candidate.to_string()
    }

    #[test]
    fn the_largest_reduction_wins_and_of_equals_the_one_nearest_to_what_was_published() {
        let all: Vec<String> = Candidate::all().map(|candidate| candidate.to_string()).collect();
        assert_eq!(
            all,
            [
                "n-grams of 1 to 2, as published",
                "n-grams of 1 to 1, as published",
                "n-grams of 1 to 2, per token",
                "n-grams of 1 to 1, per token",
                "n-grams of 1 to 2, refined",
                "n-grams of 1 to 1, refined",
            ]
        );
        assert_eq!(chosen(&[of_target([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])]), "n-grams of 1 to 1, refined");
        assert_eq!(
            chosen(&[of_target([-0.3, -0.2, -0.1, -0.4, -0.1, -0.1])]),
            "n-grams of 1 to 2, per token"
        );
        assert_eq!(chosen(&[of_target([0.2; 6])]), "n-grams of 1 to 2, as published");
    }

    #[test]
    fn targets_have_one_choice_by_their_mean_and_some_have_no_say() {
        let first = of_target([0.0, 0.5, 0.0, 0.0, 0.3, 0.0]);
        let second = of_target([0.0, 0.0, 0.0, 0.0, 0.3, 0.1]);
        assert_eq!(chosen(&[first.clone(), second.clone()]), "n-grams of 1 to 2, refined");
        assert_eq!(chosen(&[first.clone(), None]), "n-grams of 1 to 1, as published");
        let choice = Choice::new(&[first, None, second]);
        assert_eq!(choice.judged[1].kl_reduction, 0.25);
        assert_eq!(choice.judged[1].kl_reductions, [Some(0.5), None, Some(0.0)]);
    }

    #[test]
    fn what_cannot_be_judged_is_selected_as_published() {
        let choice = Choice::new(&[None, None]);
        assert_eq!((choice.candidate, choice.judged.len()), (Candidate::PUBLISHED, 0));
    }
}
