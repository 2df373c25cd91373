use super::field::{FieldPath, as_number, in_words};
use super::{glob, skim};

/// What a record must be like to be kept, by its fields.
///
/// ```
/// use dsir::reader::{Condition, Conditions};
///
/// let conditions = |texts: &[&str]| texts.iter().map(|text| text.parse()).collect::<Result<Vec<Condition>, _>>();
/// let english = Conditions::new(conditions(&["lang=en*", "n>=3"])?, conditions(&["meta.tags=draft"])?);
/// assert!(english.holds(br#"{"lang": "en-GB", "n": 3.5, "meta": {"tags": ["old"]}}"#));
/// assert!(!english.holds(br#"{"lang": "en-GB", "n": 3.5, "meta": {"tags": ["old", "draft"]}}"#));
/// assert!(!english.holds(br#"{"lang": "en-GB", "n": 2}"#));
/// assert!(!english.holds(br#"{"lang": "fr", "n": 7}"#));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// Of each, one must hold.
    all_of: Vec<Vec<Condition>>,
    none_of: Vec<Condition>,
}

/// What one field is asked to be: `FIELD=VALUE`, `!=`, `<`, `<=`, `>` or `>=`.
///
/// For `=` and `!=`, `*` stands in VALUE for any characters or none, and `?` for any one. Strings are compared as
/// they are, numbers, `true`, `false` and `null` as they are written; an array is like the value if one of its
/// elements is. `!=` holds for a field that is there and is not like the value. The others compare numbers, and hold
/// for nothing else. A field that is not there, and an object, are like nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    path: FieldPath,
    operator: Operator,
    value: String,
    test: Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Exactly(String),
    /// `*` stands for any characters or none, `?` for any one.
    Glob(String),
    Number(f64),
}

impl Operator {
    /// The longer ones first, since the shorter are their beginnings.
    const ALL: [(Operator, &str); 6] = [
        (Operator::IsNot, "!="),
        (Operator::AtMost, "<="),
        (Operator::AtLeast, ">="),
        (Operator::Is, "="),
        (Operator::Less, "<"),
        (Operator::More, ">"),
    ];

    fn sign(self) -> &'static str {
        Operator::ALL.iter().find(|(operator, _)| *operator == self).map_or("=", |(_, sign)| sign)
    }
}

impl std::str::FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let none = "it must be as FIELD=VALUE, FIELD!=VALUE, FIELD<N, FIELD<=N, FIELD>N or FIELD>=N";
        let at = text.find(['=', '!', '<', '>', '~']).ok_or(none)?;
        let (field, rest) = text.split_at(at);
        let found =
            Operator::ALL.iter().find_map(|(operator, sign)| Some((*operator, rest.strip_prefix(sign)?)));
        let (operator, value) = found.ok_or(none)?;
        if value.starts_with(['=', '<', '>', '~']) {
            let sign = &rest[..rest.len() - value.len() + 1];
            return Err(format!(
                "`{sign}` is no operator; {none}. For a VALUE that begins so, write ? for its first character"
            ));
        }
        let path = FieldPath::new(field).ok_or("the field's name has an empty part")?;
        let test = match operator {
            Operator::Is | Operator::IsNot if value.contains(['*', '?']) => Test::Glob(value.into()),
            Operator::Is | Operator::IsNot => Test::Exactly(value.into()),
            _ => match value.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Test::Number(number),
                _ => return Err(format!("`{}` compares numbers, and `{value}` is none", operator.sign())),
            },
        };
        Ok(Condition { path, operator, value: value.into(), test })
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{}", self.path, self.operator.sign(), self.value)
    }
}

impl Conditions {
    /// A record is kept if all of `wanted` hold, of several with `=` for one field any one, and none of `unwanted`.
    pub fn new(wanted: Vec<Condition>, unwanted: Vec<Condition>) -> Self {
        let mut all_of: Vec<Vec<Condition>> = Vec::new();
        for condition in wanted {
            let is_alternative = |other: &&mut Vec<Condition>| {
                condition.operator == Operator::Is
                    && other
                        .iter()
                        .all(|other| other.operator == Operator::Is && other.path == condition.path)
            };
            match all_of.iter_mut().find(is_alternative) {
                Some(alternatives) => alternatives.push(condition),
                None => all_of.push(vec![condition]),
            }
        }
        Conditions { all_of, none_of: unwanted }
    }

    /// Whether every record is kept.
    pub fn is_empty(&self) -> bool {
        self.all_of.is_empty() && self.none_of.is_empty()
    }

    /// Whether `record`, which must be sound JSON, is kept. In anything else, something is found or nothing.
    pub fn holds(&self, record: &[u8]) -> bool {
        self.all_of.iter().all(|any_of| any_of.iter().any(|condition| condition.holds(record)))
            && !self.none_of.iter().any(|condition| condition.holds(record))
    }

    /// Whether they depend on what stands at `path`.
    pub fn look_at(&self, path: &FieldPath) -> bool {
        self.wanted().chain(&self.none_of).any(|condition| condition.path.overlaps(path))
    }

    /// Those that must hold.
    pub fn wanted(&self) -> impl Iterator<Item = &Condition> {
        self.all_of.iter().flatten()
    }

    /// Those that must not.
    pub fn unwanted(&self) -> impl Iterator<Item = &Condition> {
        self.none_of.iter()
    }
}

impl Condition {
    /// The field that is looked at.
    pub fn field(&self) -> &FieldPath {
        &self.path
    }

    /// The parts that it was made of.
    pub fn parts(&self) -> (String, &'static str, &str) {
        (self.path.to_string(), self.operator.sign(), &self.value)
    }

    fn holds(&self, record: &[u8]) -> bool {
        let Some(place) = self.path.place(record) else { return false };
        let value = &record[place];
        let any = match value.first() {
            Some(b'[') => skim::elements(value).any(|element| self.is_like(element)),
            _ => self.is_like(value),
        };
        any != (self.operator == Operator::IsNot)
    }

    /// Whether the value is like what is asked for, by `!=` too.
    fn is_like(&self, value: &[u8]) -> bool {
        match &self.test {
            Test::Exactly(wanted) => in_words(value).is_some_and(|words| words == wanted.as_str()),
            Test::Glob(glob) => in_words(value).is_some_and(|words| glob::matches(glob, &words)),
            Test::Number(number) => as_number(value).is_some_and(|value| match self.operator {
                Operator::Less => value < *number,
                Operator::AtMost => value <= *number,
                Operator::More => value > *number,
                Operator::AtLeast => value >= *number,
                Operator::Is | Operator::IsNot => value == *number,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"lang": "en", "n": 1.50, "ok": true, "none": null, "tags": ["a\u0062", 7, {"x": 1}, [8]],
        "meta": {"name": "Wikipedia (en)", "lang": "fr"}, "text": "x", "lang": "de"}"#;

    fn conditions(texts: &[&str]) -> Vec<Condition> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn holds(wanted: &[&str], unwanted: &[&str]) -> bool {
        Conditions::new(conditions(wanted), conditions(unwanted)).holds(RECORD.as_bytes())
    }

    #[test]
    fn values_of_every_kind() {
        for like in [
            "lang=de",
            "n=1.50",
            "ok=true",
            "none=null",
            "tags=ab",
            "tags=7",
            "meta.lang=fr",
            "meta.name=Wiki*(e?)",
            "lang=*",
        ] {
            assert!(holds(&[like], &[]) && !holds(&[], &[like]), "{like}");
        }
        for unlike in [
            "lang=en",
            "n=1.5",
            "ok=True",
            "tags=a",
            "tags=*8*",
            "tags=*x*",
            "meta=*",
            "missing=*",
            "lang=",
            "lang=d",
        ] {
            assert!(!holds(&[unlike], &[]) && holds(&[], &[unlike]), "{unlike}");
        }
    }

    #[test]
    fn any_value_of_every_field_and_nothing_unwanted() {
        assert!(holds(&["lang=en", "lang=de", "ok=true"], &["n=2", "tags=c"]));
        assert!(!holds(&["lang=de", "ok=false"], &[]));
        assert!(!holds(&["lang=de"], &["n=2", "tags=7"]));
        assert!(holds(&[], &[]) && Conditions::default().is_empty());
        assert!("a..b=1".parse::<Condition>().is_err());
    }

    #[test]
    fn numbers_are_compared() {
        for holds_for in
            ["n>=1.5", "n>1", "n<=1.50", "n<2e0", "n>-3", "tags>6", "n!=2", "lang!=en", "tags!=ac"]
        {
            assert!(holds(&[holds_for], &[]) && !holds(&[], &[holds_for]), "{holds_for}");
        }
        for not in
            ["n>1.5", "n<1.5", "lang>0", "ok>0", "missing<5", "missing!=5", "tags<7", "n!=1.50", "tags!=7"]
        {
            assert!(!holds(&[not], &[]) && holds(&[], &[not]), "{not}");
        }
        // A range: both must hold.
        assert!(holds(&["n>1", "n<2"], &[]) && !holds(&["n>1", "n<1.2"], &[]));
        assert!(!holds(&["lang!=de", "lang!=fr"], &[]));
        for none in ["n=>3", "n==3", "n=<3", "n<>3", "n~3", "n=~3", "n!3", "n", "n>x", "n<=", "n>nan"] {
            assert!(none.parse::<Condition>().is_err(), "{none}");
        }
        assert_eq!("a.b>=3".parse::<Condition>().unwrap().to_string(), "a.b>=3");
    }
}
