//! Reading JSON with errors that name the field.

use std::fmt;

use serde_json::{Map, Value};

/// What is wrong with a golden file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    field: String,
    problem: String,
}

impl FieldError {
    /// `field` as `steps.trace_in[3]`; empty for the file as a whole.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.problem),
            field => write!(f, "{field}: {}", self.problem),
        }
    }
}

impl std::error::Error for FieldError {}

/// A quantity over the time steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Values a step.
    pub width: usize,
    /// `[T][width]`.
    pub values: Vec<f64>,
}

impl Series {
    /// The values of one step.
    pub fn at(&self, t: usize) -> &[f64] {
        &self.values[t * self.width..][..self.width]
    }

    /// All steps in order.
    pub fn steps(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width)
    }
}

/// No count or size in a golden file is larger; products of a few of them stay far from overflow.
const LARGEST_INTEGER: u64 = 65_536;

/// A JSON object and the way to it. A field that is `null` counts as missing.
pub(super) struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub fn root(value: &'a Value) -> Result<Self, FieldError> {
        Self::of(value, String::new())
    }

    fn of(value: &'a Value, path: String) -> Result<Self, FieldError> {
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            other => Err(FieldError::new(path, format!("{} given; an object is needed", kind_of(other)))),
        }
    }

    /// The full name of a field.
    pub fn path(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    pub fn error(&self, name: &str, problem: impl Into<String>) -> FieldError {
        FieldError::new(self.path(name), problem)
    }

    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    fn value(&self, name: &str) -> Result<&'a Value, FieldError> {
        self.map.get(name).filter(|value| !value.is_null()).ok_or_else(|| self.error(name, "missing"))
    }

    /// Reads the field where it is there.
    pub fn maybe<T>(
        &self,
        name: &str,
        read: impl Fn(&Self, &str) -> Result<T, FieldError>,
    ) -> Result<Option<T>, FieldError> {
        self.has(name).then(|| read(self, name)).transpose()
    }

    pub fn object(&self, name: &str) -> Result<Fields<'a>, FieldError> {
        Fields::of(self.value(name)?, self.path(name))
    }

    pub fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, FieldError> {
        let list = array(self.value(name)?, &self.path(name))?;
        list.iter().enumerate().map(|(i, value)| Fields::of(value, format!("{}[{i}]", self.path(name)))).collect()
    }

    pub fn text(&self, name: &str) -> Result<&'a str, FieldError> {
        let value = self.value(name)?;
        value.as_str().ok_or_else(|| self.error(name, format!("{} given; a text is needed", kind_of(value))))
    }

    pub fn flag(&self, name: &str) -> Result<bool, FieldError> {
        let value = self.value(name)?;
        value.as_bool().ok_or_else(|| self.error(name, format!("{} given; true or false is needed", kind_of(value))))
    }

    pub fn number(&self, name: &str) -> Result<f64, FieldError> {
        let value = self.value(name)?;
        value.as_f64().ok_or_else(|| self.error(name, format!("{} given; a number is needed", kind_of(value))))
    }

    /// A whole number from `least` to 65,536.
    pub fn integer(&self, name: &str, least: usize) -> Result<usize, FieldError> {
        integer(self.value(name)?, &self.path(name), least as u64, LARGEST_INTEGER)
    }

    /// `count` whole numbers from 0 to `largest`.
    pub fn integers(&self, name: &str, count: usize, largest: usize) -> Result<Vec<usize>, FieldError> {
        let path = self.path(name);
        let list = array(self.value(name)?, &path)?;
        check_length(list, count, &path)?;
        list.iter().enumerate().map(|(i, value)| integer(value, &format!("{path}[{i}]"), 0, largest as u64)).collect()
    }

    /// Nested arrays of numbers of exactly this shape, flat.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>, FieldError> {
        let mut flat = vec![];
        flatten(self.value(name)?, &self.path(name), shape, &mut flat)?;
        Ok(flat)
    }

    /// The same with the first dimension as time.
    pub fn series(&self, name: &str, steps: usize, shape: &[usize]) -> Result<Series, FieldError> {
        let values = self.tensor(name, &[&[steps], shape].concat())?;
        Ok(Series { width: shape.iter().product(), values })
    }
}

fn flatten(value: &Value, path: &str, shape: &[usize], flat: &mut Vec<f64>) -> Result<(), FieldError> {
    let Some((&count, inner)) = shape.split_first() else {
        let problem = || FieldError::new(path, format!("{} given; a number is needed", kind_of(value)));
        flat.push(value.as_f64().ok_or_else(problem)?);
        return Ok(());
    };
    let list = array(value, path)?;
    check_length(list, count, path)?;
    list.iter().enumerate().try_for_each(|(i, value)| flatten(value, &format!("{path}[{i}]"), inner, flat))
}

fn check_length(list: &[Value], count: usize, path: &str) -> Result<(), FieldError> {
    if list.len() == count {
        return Ok(());
    }
    Err(FieldError::new(path, format!("{} values given; {count} are needed", list.len())))
}

fn array<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], FieldError> {
    match value {
        Value::Array(list) => Ok(list),
        other => Err(FieldError::new(path, format!("{} given; an array is needed", kind_of(other)))),
    }
}

fn integer(value: &Value, path: &str, least: u64, largest: u64) -> Result<usize, FieldError> {
    let whole = value.as_u64().filter(|n| (least..=largest).contains(n));
    let allowed = || format!("{value} given; allowed: a whole number from {least} to {largest}");
    whole.map(|n| n as usize).ok_or_else(|| FieldError::new(path, allowed()))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
