//! What the columns of a table must be that holds given lines.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::reader::skim;

/// Values nested deeper than this stay JSON.
const DEEPEST: usize = 32;
/// An object whose keys are more than this is a map, whose keys are data: it stays JSON.
const MOST_KEYS: usize = 1000;

/// What all values at a place have in common.
#[derive(Debug, PartialEq)]
pub(super) enum Shape {
    /// No value but null.
    Null,
    Bool,
    Number(Numbers),
    Text,
    List(Box<Shape>),
    /// The fields of any of the objects, in the order in which they came.
    Object(Vec<(String, Shape)>),
    /// Values of several kinds: each as its JSON.
    Json,
}

/// What numbers there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Numbers {
    has_fraction: bool,
    is_below_zero: bool,
    /// Beyond what 63 bits hold.
    is_beyond_i64: bool,
    /// A whole number that 64-bit floating point cannot hold to the last digit.
    is_beyond_f64: bool,
}

impl Shape {
    /// Takes in one more value, sound JSON.
    pub(super) fn add(&mut self, value: &[u8]) {
        self.add_at(value, 0);
    }

    fn add_at(&mut self, value: &[u8], depth: usize) {
        let value = value.trim_ascii();
        let of_value = match value.first() {
            None | Some(b'n') => return,
            _ if depth > DEEPEST => Shape::Json,
            Some(b't' | b'f') => Shape::Bool,
            Some(b'"') => match serde_json::from_slice::<std::borrow::Cow<'_, str>>(value) {
                Ok(_) => Shape::Text,
                // Half a surrogate pair, which is no text.
                Err(_) => Shape::Json,
            },
            Some(b'[') => Shape::List(Box::new(Shape::Null)),
            Some(b'{') => Shape::Object(Vec::new()),
            Some(_) => number(value),
        };
        match (&mut *self, of_value) {
            (Shape::Json, _) => {}
            (Shape::Null, of_value) => {
                *self = of_value;
                self.add_inside(value, depth);
            }
            (Shape::Bool, Shape::Bool) | (Shape::Text, Shape::Text) => {}
            (Shape::Number(numbers), Shape::Number(more)) => numbers.join(more),
            (Shape::List(_), Shape::List(_)) | (Shape::Object(_), Shape::Object(_)) => {
                self.add_inside(value, depth);
            }
            _ => *self = Shape::Json,
        }
    }

    fn add_inside(&mut self, value: &[u8], depth: usize) {
        match self {
            Shape::List(items) => {
                skim::elements(value).for_each(|element| items.add_at(element, depth + 1));
            }
            Shape::Object(fields) => {
                for (number, member) in skim::members(value).enumerate() {
                    let name = skim::unescaped_key(&value[member.key]);
                    let is_it = |(field, _): &(String, Shape)| field.as_bytes() == &*name;
                    // Most objects have their fields in one order.
                    let place = match fields.get(number).is_some_and(is_it) {
                        true => Some(number),
                        false => fields.iter().position(is_it),
                    };
                    let place = place.unwrap_or_else(|| {
                        fields.push((String::from_utf8_lossy(&name).into_owned(), Shape::Null));
                        fields.len() - 1
                    });
                    fields[place].1.add_at(&value[member.value], depth + 1);
                }
                if depth > 0 && fields.len() > MOST_KEYS {
                    *self = Shape::Json;
                }
            }
            _ => {}
        }
    }

    /// The columns of a table of such objects.
    pub(super) fn schema(&self) -> SchemaRef {
        let fields = match self {
            Shape::Object(fields) => fields.iter().map(|(name, shape)| field(name, shape)).collect(),
            _ => Vec::new(),
        };
        Arc::new(Schema::new(fields))
    }

    /// The type of a column of such values.
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Shape::Null => DataType::Null,
            Shape::Bool => DataType::Boolean,
            Shape::Number(numbers) => numbers.data_type(),
            Shape::Text | Shape::Json => DataType::Utf8,
            Shape::List(items) => DataType::List(Arc::new(field("item", items))),
            // Parquet has no struct without fields.
            Shape::Object(fields) if fields.is_empty() => DataType::Utf8,
            Shape::Object(fields) => {
                DataType::Struct(fields.iter().map(|(name, shape)| field(name, shape)).collect())
            }
        }
    }
}

fn field(name: &str, shape: &Shape) -> Field {
    Field::new(name, shape.data_type(), true)
}

/// 2^53: up to here, floating point has every whole number.
const EXACT: u64 = 1 << 53;

fn number(value: &[u8]) -> Shape {
    let text = std::str::from_utf8(value).unwrap_or_default();
    if let Ok(whole) = text.parse::<i64>() {
        let is_beyond_f64 = whole.unsigned_abs() > EXACT;
        return Shape::Number(Numbers { is_below_zero: whole < 0, is_beyond_f64, ..Numbers::default() });
    }
    if text.parse::<u64>().is_ok() {
        return Shape::Number(Numbers { is_beyond_i64: true, is_beyond_f64: true, ..Numbers::default() });
    }
    let is_fraction =
        text.contains(['.', 'e', 'E']) && text.parse().is_ok_and(|number| is_exact(text, number));
    match is_fraction {
        true => Shape::Number(Numbers { has_fraction: true, ..Numbers::default() }),
        false => Shape::Json,
    }
}

/// Whether floating point holds a number as well as any program that writes it does: with up to 17 digits.
fn is_exact(text: &str, number: f64) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = || mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0');
    let zeros = digits().collect::<Vec<_>>().iter().rev().take_while(|digit| **digit == b'0').count();
    let significant = digits().count() - zeros;
    number.is_finite() && significant <= 17 && (number != 0.0 || significant == 0)
}

impl Numbers {
    fn join(&mut self, other: Numbers) {
        self.has_fraction |= other.has_fraction;
        self.is_below_zero |= other.is_below_zero;
        self.is_beyond_i64 |= other.is_beyond_i64;
        self.is_beyond_f64 |= other.is_beyond_f64;
    }

    /// A type that holds all of them; otherwise they stay JSON.
    fn data_type(self) -> DataType {
        match self {
            Numbers { has_fraction: true, is_beyond_f64: false, .. } => DataType::Float64,
            Numbers { has_fraction: false, is_beyond_i64: false, .. } => DataType::Int64,
            Numbers { has_fraction: false, is_below_zero: false, .. } => DataType::UInt64,
            _ => DataType::Utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(lines: &[&str]) -> String {
        let mut shape = Shape::Null;
        lines.iter().for_each(|line| shape.add(line.as_bytes()));
        let fields = shape.schema();
        let words = |field: &Arc<Field>| format!("{}: {}", field.name(), field.data_type());
        fields.fields().iter().map(words).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_column_holds_the_values_of_all_lines() {
        assert_eq!(schema(&["{\"a\": null, \"b\": 1}", "{\"a\": \"x\"}"]), "a: Utf8, b: Int64");
        assert_eq!(schema(&["{\"a\": 1}", "{\"a\": 0.5}"]), "a: Float64");
        assert_eq!(schema(&["{\"a\": 18446744073709551615}", "{\"a\": 0}"]), "a: UInt64");
        // What no type holds stays JSON.
        for number in ["0.1234567890123456789", "1e-400", "0.5000000000000000000"] {
            let expected = if number.starts_with("0.5") { "a: Float64" } else { "a: Utf8" };
            assert_eq!(schema(&[&format!("{{\"a\": {number}}}")]), expected, "{number}");
        }
        for mixed in ["-1", "0.5", "123456789012345678901234567890", "1e999", "\"x\"", "true", "[]"] {
            assert_eq!(schema(&["{\"a\": 18446744073709551615}", &format!("{{\"a\": {mixed}}}")]), "a: Utf8");
        }
        assert_eq!(schema(&["{\"a\": {}}"]), "a: Utf8");
        assert_eq!(schema(&["{\"a\": [1, null]}", "{\"a\": []}"]), "a: List(Int64)");
        assert_eq!(
            schema(&["{\"a\": {\"b\": 1}}", "{\"a\": {\"c\": true}}"]),
            "a: Struct(\"b\": Int64, \"c\": Boolean)"
        );
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(schema(&[&format!("{{\"a\": {deep}}}")]).starts_with("a: List(List("));
    }
}
