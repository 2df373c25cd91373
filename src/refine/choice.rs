//! The choice of options to select with: six ways to weigh, and which of them is best by held-out text.

use std::fmt;

use serde::Serialize;

use super::kl::to_a_millionth;

/// One way to weigh: the length of n-grams, and what is done with their log-ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The most tokens of an n-gram.
    pub ngrams: u8,
    /// How log weights come from log-ratios.
    pub weights: Weighting,
}

/// How log weights come from log-ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// Sums over all n-grams of a document.
    Published,
    /// The same, divided by its length in tokens.
    Tokens,
    /// Divided by its length, with log-ratios that were learned.
    Refined,
}

impl Weighting {
    /// All, beginning with the simplest.
    pub const ALL: [Weighting; 3] = [Weighting::Published, Weighting::Tokens, Weighting::Refined];
}

impl Candidate {
    /// The lengths of n-grams, beginning with the one that was published.
    pub const NGRAMS: [u8; 2] = [2, 1];

    /// All, in the order in which the first of equals is chosen: as published, then the simpler.
    pub fn all() -> impl Iterator<Item = Candidate> {
        Weighting::ALL
            .into_iter()
            .flat_map(|weights| Self::NGRAMS.map(|ngrams| Candidate { ngrams, weights }))
    }

    /// DSIR.
    pub const PUBLISHED: Candidate = Candidate { ngrams: Self::NGRAMS[0], weights: Weighting::Published };

    /// The choice if nothing can be evaluated: refining draws the log-ratios of a small target towards raw.
    pub const OF_SMALL_TARGETS: Candidate =
        Candidate { ngrams: Self::NGRAMS[0], weights: Weighting::Refined };
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights = match self.weights {
            Weighting::Published => "as published",
            Weighting::Tokens => "per token",
            Weighting::Refined => "refined",
        };
        write!(f, "n-grams of 1 to {}, {weights}", self.ngrams)
    }
}

/// The evaluation of one candidate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The candidate.
    #[serde(flatten)]
    pub candidate: Candidate,
    /// KL reduction in nats, the mean over the targets that could be evaluated.
    pub kl_reduction: f64,
    /// The same for each target; `None` if it could not be evaluated.
    pub kl_reductions: Vec<Option<f64>>,
    /// The best number of rounds of refining for each target; `None` if plain weights are best, or the candidate does
    /// not refine.
    pub rounds: Vec<Option<u32>>,
}

/// The choice, and what it was based on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    /// The candidate that was chosen.
    pub candidate: Candidate,
    /// The evaluations of all candidates, in their order; none if no target could be evaluated.
    pub evaluations: Vec<Evaluation>,
}

/// How good one candidate is for one target, by held-out text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOutScore {
    /// KL reduction in nats.
    pub kl_reduction: f64,
    /// The best number of rounds, if the candidate refines.
    pub rounds: Option<u32>,
}

impl Choice {
    /// Chooses by the scores of all candidates, in their order, for each target; `None` is a target that could not be
    /// evaluated, and has no say.
    pub(crate) fn new(targets: &[Option<Vec<HeldOutScore>>]) -> Self {
        let evaluated = targets.iter().flatten().count();
        if evaluated == 0 {
            return Choice { candidate: Candidate::OF_SMALL_TARGETS, evaluations: Vec::new() };
        }
        let evaluation = |(number, candidate): (usize, Candidate)| {
            let scores = || targets.iter().map(|target| target.as_ref().map(|scores| scores[number]));
            let kl_reductions: Vec<Option<f64>> =
                scores().map(|score| score.map(|score| score.kl_reduction)).collect();
            let sum: f64 = kl_reductions.iter().flatten().sum();
            let kl_reduction = to_a_millionth(sum / evaluated as f64);
            let rounds = scores().map(|score| score.and_then(|score| score.rounds)).collect();
            Evaluation { candidate, kl_reduction, kl_reductions, rounds }
        };
        let evaluations: Vec<Evaluation> = Candidate::all().enumerate().map(evaluation).collect();
        let mut best = &evaluations[0];
        for other in &evaluations[1..] {
            if other.kl_reduction > best.kl_reduction {
                best = other;
            }
        }
        Choice { candidate: best.candidate, evaluations }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(reductions: [f64; 6]) -> Option<Vec<HeldOutScore>> {
        let score = |kl_reduction| HeldOutScore { kl_reduction, rounds: None };
        Some(reductions.into_iter().map(score).collect())
    }

    fn chosen(targets: &[Option<Vec<HeldOutScore>>]) -> String {
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
        assert_eq!(chosen(&[scores([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])]), "n-grams of 1 to 1, refined");
        assert_eq!(chosen(&[scores([-0.3, -0.2, -0.1, -0.4, -0.1, -0.1])]), "n-grams of 1 to 2, per token");
        assert_eq!(chosen(&[scores([0.2; 6])]), "n-grams of 1 to 2, as published");
    }

    #[test]
    fn targets_have_one_choice_by_their_mean_and_some_have_no_say() {
        let first = scores([0.0, 0.5, 0.0, 0.0, 0.3, 0.0]);
        let second = scores([0.0, 0.0, 0.0, 0.0, 0.3, 0.1]);
        assert_eq!(chosen(&[first.clone(), second.clone()]), "n-grams of 1 to 2, refined");
        assert_eq!(chosen(&[first.clone(), None]), "n-grams of 1 to 1, as published");
        let choice = Choice::new(&[first, None, second]);
        assert_eq!(choice.evaluations[1].kl_reduction, 0.25);
        assert_eq!(choice.evaluations[1].kl_reductions, [Some(0.5), None, Some(0.0)]);
    }

    #[test]
    fn what_cannot_be_evaluated_is_drawn_towards_raw() {
        let choice = Choice::new(&[None, None]);
        assert_eq!((choice.candidate, choice.evaluations.len()), (Candidate::OF_SMALL_TARGETS, 0));
    }
}
