//! `${VAR}`, `${VAR:-default}` and `${file:NAME}` in an environment file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::desired::suggest::shown;
use crate::model::{Finding, Place, Secret};

/// The process environment, as plain data.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// All variables by name.
    pub values: BTreeMap<String, String>,
    /// Names allowed in `[cluster]` in addition to those with a valid prefix, `--allow-env`.
    pub allowed: Vec<String>,
}

/// Valid prefixes of names in `[cluster]`, which has secret values.
const CLUSTER: [&str; 2] = ["KAFKA_", "TOPICSMITH_"];

/// Valid prefixes of names in `[defaults]`, which has displayed values.
const DEFAULTS: [&str; 2] = ["KAFKA_TOPIC_", "TOPICSMITH_VAR_"];

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desired) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable {
        name: String,
        default: Option<String>,
    },
    File(String),
}

/// A resolved part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desired) enum Filled {
    /// From the process environment or a file: secret in `[cluster]`. Its name is `${VAR}` or
    /// `${file:NAME}`.
    Outside(Secret),
    /// From the configuration file itself.
    Written(String),
}

impl Filled {
    /// Returns the text, from any source.
    pub(in crate::desired) fn as_str(&self) -> &str {
        match self {
            Filled::Outside(secret) => secret.expose(),
            Filled::Written(text) => text,
        }
    }

    /// Returns the text for display.
    pub(in crate::desired) fn shown(&self) -> &str {
        match self {
            Filled::Outside(secret) => secret.name(),
            Filled::Written(text) => text,
        }
    }

    /// Returns the name of the source, if it is not the configuration file.
    pub(in crate::desired) fn name(&self) -> Option<&str> {
        match self {
            Filled::Outside(secret) => Some(secret.name()),
            Filled::Written(_) => None,
        }
    }

    /// Joins parts to one text, with their names as its displayed name.
    pub(in crate::desired) fn joined(parts: &[Filled]) -> Secret {
        let text: String = parts.iter().map(Filled::as_str).collect();
        let name: String = parts.iter().map(Filled::shown).collect();
        Secret::named(text, name)
    }
}

impl Template {
    /// Parses the variables in a text.
    pub(in crate::desired) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let inside = &rest[start + 2..];
            let Some(end) = inside.find('}') else {
                return Err("`${` has no `}`".to_owned());
            };
            parts.push(Part::parse(&inside[..end])?);
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Returns the text, if it contains no variables.
    pub(in crate::desired) fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Iterates over the names of variables.
    pub(in crate::desired) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Text(_) | Part::File(_) => None,
        })
    }

    /// Iterates over the names of secret files.
    pub(in crate::desired) fn files(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::File(name) => Some(name.as_str()),
            Part::Text(_) | Part::Variable { .. } => None,
        })
    }

    /// Resolves the variables. `file` reads a secret file.
    ///
    /// # Errors
    /// Returns what is missing, with a fix.
    pub(in crate::desired) fn fill(
        &self,
        variables: &Variables,
        file: impl Fn(&str) -> Result<String, Missing>,
    ) -> Result<Vec<Filled>, Missing> {
        let fill = |part: &Part| match part {
            Part::Text(text) => Ok(Filled::Written(text.clone())),
            Part::File(name) => {
                let secret =
                    |text| Filled::Outside(Secret::named(text, format!("${{file:{name}}}")));
                file(name).map(secret)
            }
            Part::Variable { name, default } => match (variables.values.get(name), default) {
                (Some(value), _) if !value.is_empty() => {
                    let secret = Secret::named(value.clone(), format!("${{{name}}}"));
                    Ok(Filled::Outside(secret))
                }
                (_, Some(default)) => Ok(Filled::Written(default.clone())),
                (value, None) => Err(Missing::variable(name, value.is_some())),
            },
        };
        self.0.iter().map(fill).collect()
    }
}

impl fmt::Display for Template {
    /// Formats the template as written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::File(name) => write!(f, "${{file:{name}}}")?,
                Part::Variable {
                    name,
                    default: None,
                } => write!(f, "${{{name}}}")?,
                Part::Variable {
                    name,
                    default: Some(default),
                } => write!(f, "${{{name}:-{default}}}")?,
            }
        }
        Ok(())
    }
}

impl Part {
    fn parse(inside: &str) -> Result<Self, String> {
        if let Some(name) = inside.strip_prefix("file:") {
            let plain = !name.is_empty() && name != "." && name != "..";
            if !plain || name.contains(['/', '\\', '\0']) {
                return Err(format!(
                    "{} is no file name: a secret's file stands in the folder itself",
                    shown(name)
                ));
            }
            return Ok(Part::File(name.to_owned()));
        }
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (inside, None),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.chars().all(legal)
        {
            return Err(format!("{} is no variable's name", shown(name)));
        }
        let name = name.to_owned();
        Ok(Part::Variable { name, default })
    }
}

/// A missing variable or file of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desired) struct Missing {
    pub(in crate::desired) code: &'static str,
    pub(in crate::desired) message: String,
    pub(in crate::desired) help: String,
}

impl Missing {
    fn variable(name: &str, is_empty: bool) -> Self {
        let state = if is_empty { "is empty" } else { "is not set" };
        Self {
            code: "unset-variable",
            message: format!("the variable {name} {state}"),
            help: format!("set it, or write a default into the file: ${{{name}:-…}}"),
        }
    }

    pub(in crate::desired) fn at(self, place: Place) -> Finding {
        Finding::error(self.code, place, self.message).help(self.help)
    }
}

/// Resolves a text of `[defaults]`; returns it with the names of its variables.
pub(in crate::desired) fn expand_default(
    text: &str,
    variables: &Variables,
    place: &Place,
) -> Result<(String, String), Box<Finding>> {
    let error = |code, message: String| Finding::error(code, place.clone(), message);
    let template = Template::parse(text).map_err(|problem| error("variable", problem))?;
    if template.files().next().is_some() {
        let finding = error("variable", "a secret's file cannot be read here".to_owned());
        return Err(Box::new(
            finding.help("${file:NAME} works in [cluster.client] only"),
        ));
    }
    let foreign = |name: &&str| !DEFAULTS.iter().any(|start| name.starts_with(start));
    if let Some(name) = template.names().find(foreign) {
        let finding = error(
            "variable",
            format!("[defaults] may not use {}", shown(name)),
        );
        return Err(Box::new(finding.help(
            "its variables begin with KAFKA_TOPIC_ or TOPICSMITH_VAR_, because their values are shown",
        )));
    }
    let no_file = |name: &str| Err(Missing::variable(name, false));
    let filled = template
        .fill(variables, no_file)
        .map_err(|missing| missing.at(place.clone()))?;
    let names: BTreeSet<&str> = template.names().collect();
    let names: Vec<&str> = names.into_iter().take(3).collect();
    Ok((
        filled.iter().map(Filled::as_str).collect(),
        names.join(" and "),
    ))
}

/// Parses a text of `[cluster]`, and checks that its variables are allowed.
pub(in crate::desired) fn cluster_template(
    text: &str,
    variables: &Variables,
    place: &Place,
) -> Result<Template, Box<Finding>> {
    let error = |message: String| Finding::error("variable", place.clone(), message);
    let template = Template::parse(text).map_err(error)?;
    let foreign = |name: &&str| {
        !CLUSTER.iter().any(|start| name.starts_with(start))
            && !variables.allowed.iter().any(|allowed| allowed == name)
    };
    if let Some(name) = template.names().find(foreign) {
        let finding = error(format!("[cluster] may not use {}", shown(name)));
        return Err(Box::new(finding.help(format!(
            "its variables begin with KAFKA_ or TOPICSMITH_; --allow-env {name} adds this one"
        ))));
    }
    Ok(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        let pairs = [
            ("KAFKA_TOPIC_X", "3"),
            ("KAFKA_EMPTY", ""),
            ("HOME", "/root"),
        ];
        Variables {
            values: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            allowed: vec!["HOME".to_owned()],
        }
    }

    fn default(text: &str) -> Result<String, String> {
        expand_default(text, &variables(), &Place::whole("e"))
            .map(|(text, _)| text)
            .map_err(|finding| finding.message)
    }

    #[test]
    fn defaults_take_their_own_variables_alone() {
        assert_eq!(default("${KAFKA_TOPIC_X}d").as_deref(), Ok("3d"));
        assert_eq!(default("${KAFKA_TOPIC_Y:-7}d").as_deref(), Ok("7d"));
        assert_eq!(
            default("${KAFKA_TOPIC_Y}"),
            Err("the variable KAFKA_TOPIC_Y is not set".to_owned())
        );
        assert_eq!(
            default("${HOME}"),
            Err("[defaults] may not use `HOME`".to_owned())
        );
        assert_eq!(
            default("${KAFKA_TOPIC_X"),
            Err("`${` has no `}`".to_owned())
        );
        assert_eq!(default("${}"), Err("`` is no variable's name".to_owned()));
        assert!(default("${file:x}").is_err());
    }

    #[test]
    fn the_cluster_takes_what_is_allowed() {
        let check = |text: &str| cluster_template(text, &variables(), &Place::whole("e"));
        assert!(check("${KAFKA_PASSWORD}${HOME}${file:ca.pem}").is_ok());
        assert!(check("${PATH}").is_err());
        for name in ["../x", "a/b", "..", ""] {
            assert!(check(&format!("${{file:{name}}}")).is_err(), "{name}");
        }
    }

    #[test]
    fn an_empty_variable_is_as_good_as_none() {
        let fill = |text: &str| {
            let template = Template::parse(text).unwrap();
            template.fill(&variables(), |_| unreachable!())
        };
        let given = fill("${KAFKA_EMPTY:-x}").unwrap();
        assert_eq!(given, [Filled::Written("x".to_owned())]);
        let missing = fill("${KAFKA_EMPTY}").unwrap_err();
        assert_eq!(missing.message, "the variable KAFKA_EMPTY is empty");
    }
}
