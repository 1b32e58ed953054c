//! Fields with an enumerated set of values.

use serde_json::Value as Json;
use toml::de::DeValue;

use super::field::Read;
use super::file::{Reader, Scalar, Value};
use crate::desired::schema::definitions::Schemas;
use crate::desired::schema::kinds::{or_variable, words};
use crate::desired::suggest::{self, shown};
use crate::model::{Finding, OnRemove, RiskCode, RiskLevel};

impl Read for OnRemove {
    fn expected() -> String {
        "\"retain\" or \"delete\"".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        or_variable(
            words([OnRemove::Retain, OnRemove::Delete].map(OnRemove::as_str)),
            schemas,
        )
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let options = [OnRemove::Retain, OnRemove::Delete].map(|one| (one.as_str(), one));
        word(value, reader, &Self::expected(), &options)
    }
}

/// The effect of unlisted topics on the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlisted {
    Report,
    Fail,
}

impl Read for Unlisted {
    fn expected() -> String {
        "\"report\" or \"fail\"".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        words(["report", "fail"])
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let options = [("report", Unlisted::Report), ("fail", Unlisted::Fail)];
        word(value, reader, &Self::expected(), &options)
    }
}

impl Read for RiskCode {
    fn expected() -> String {
        "the code of a risk".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        words(RiskCode::ALL.iter().map(|code| code.as_str()))
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let options: Vec<(&str, RiskCode)> = RiskCode::ALL
            .iter()
            .map(|code| (code.as_str(), *code))
            .collect();
        word(value, reader, &Self::expected(), &options)
    }
}

/// The code of a risk that does not block unless it is gated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CautionCode(pub(crate) RiskCode);

impl Read for CautionCode {
    fn expected() -> String {
        "the code of a caution".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        words(cautions().map(RiskCode::as_str))
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if let DeValue::String(text) = value.get_ref()
            && let Ok(code) = text.parse::<RiskCode>()
            && code.level() == RiskLevel::Destructive
        {
            let message = format!("`{code}` needs --allow everywhere, so it cannot be gated");
            let place = reader.place(value.span());
            reader.add(Finding::error("unknown-code", place, message).help("leave it out"));
            return None;
        }
        let options: Vec<(&str, RiskCode)> = cautions().map(|code| (code.as_str(), code)).collect();
        word(value, reader, &Self::expected(), &options).map(Self)
    }
}

fn cautions() -> impl Iterator<Item = RiskCode> {
    let all = RiskCode::ALL.iter().copied();
    all.filter(|code| code.level() == RiskLevel::Caution)
}

fn word<T: Copy>(
    value: &Value<'_>,
    reader: &mut Reader<'_>,
    expected: &str,
    options: &[(&'static str, T)],
) -> Option<T> {
    let scalar = reader.scalar(value, || expected.to_owned())?;
    let (Scalar::Text(_) | Scalar::Expanded { .. }) = &scalar else {
        return reader.wrong(value, expected);
    };
    let text = scalar.text();
    if let Some((_, option)) = options.iter().find(|(word, _)| *word == text) {
        return Some(*option);
    }
    let message = format!("{} takes {expected}, not {}", reader.key(), shown(&text));
    let mut finding = Finding::error("unknown-word", reader.place(value.span()), message);
    let words = options.iter().map(|(word, _)| *word);
    finding.help = scalar
        .origin()
        .or_else(|| suggest::help(&text, "known words", words));
    reader.add(finding);
    None
}
