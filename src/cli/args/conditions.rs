//! Which records are wanted.

use clap::Args;
use dsir::reader::FieldPath;
use serde::Serialize;

#[derive(Args, Serialize)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct WhereArgs {
    /// Keep the records whose FIELD is VALUE; repeatable
    ///
    /// A dotted path reaches into objects. In VALUE, `*` stands for any characters and `?` for any one. Strings are compared as
    /// they are, numbers, true, false and null as they are written; an array is VALUE if one of its elements is. Several
    /// values of one field are alternatives; of several fields, each must have one of its values.
    #[arg(id = "where", long = "where", value_name = "FIELD=VALUE", value_parser = condition)]
    pub(crate) r#where: Vec<(String, String)>,
    /// Leave out the records whose FIELD is VALUE; repeatable
    #[arg(long, value_name = "FIELD=VALUE", value_parser = condition)]
    pub(crate) where_not: Vec<(String, String)>,
}

fn condition(text: &str) -> Result<(String, String), &'static str> {
    let (field, value) = text.split_once('=').ok_or("it must be as FIELD=VALUE")?;
    FieldPath::new(field).ok_or("the field's name has an empty part")?;
    Ok((field.to_owned(), value.to_owned()))
}
