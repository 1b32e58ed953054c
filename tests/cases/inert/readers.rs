//! The readers of each sink, and what must not occur in it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZeroU16;
use std::sync::LazyLock;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, markdown_to_html, parse_document};
use html5ever::tendril::TendrilSink;
use libtest_mimic::Failed;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use regex::Regex;
use serde_json::Value;

/// A colour sequence in the form of this tool.
static COLOUR: LazyLock<Regex> = LazyLock::new(|| pattern("\u{1b}\\[[0-9;]*m"));
/// Commands anywhere in a line.
static MARKED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)##[a-z0-9_-]*\["));
/// Text that platforms convert to links and mentions.
static SPECIAL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)[@\$]|#\d|://|www\.|\bGH-\d|:[a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*:")
});

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("it is one")
}

/// The result of a check.
pub type Found = Result<(), Failed>;

pub fn ensure(holds: bool, what: &str, shown: impl Debug) -> Found {
    match holds {
        true => Ok(()),
        false => Err(format!("{what}: {shown:?}").into()),
    }
}

/// Characters that no sink contains unescaped; independent of the tool's own list.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Removes the tool's colours, none of which is in a string of the table.
fn without_colours(text: &str) -> String {
    for colour in COLOUR.find_iter(text) {
        assert!(!colour.as_str().contains("38;5;123"), "{text:?}");
    }
    COLOUR.replace_all(text, "").into_owned()
}

/// Checks that a text contains no hidden characters, with or without colours.
pub fn plain(text: &str) -> Result<String, Failed> {
    let text = without_colours(text);
    let hidden = text.lines().find(|line| line.contains(is_hidden));
    ensure(hidden.is_none(), "hidden characters", hidden)?;
    Ok(text)
}

/// Parses a log as a runner does. No line begins with a string, and there are no commands except
/// the requested annotations.
pub fn log(text: &str, annotations: bool) -> Found {
    let text = plain(text)?;
    for line in text.split([
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
    ]) {
        ensure(!line.starts_with("FORGED"), "a line of its own", line)?;
        if let Some((name, data)) = github_command(line) {
            let own = matches!(name.as_str(), "error" | "warning" | "notice") && annotations;
            ensure(own && line.starts_with("::"), "a command", line)?;
            ensure(
                !data.contains(is_hidden),
                "hidden characters in an annotation",
                data,
            )?;
        }
        ensure(!line.contains("##["), "a command of GitHub or Azure", line)?;
        ensure(
            !MARKED.is_match(line),
            "a command of Azure or TeamCity",
            line,
        )?;
        let begin = line.trim_start();
        let section = ["section_start:", "section_end:"];
        let section = section.iter().any(|name| begin.starts_with(name));
        ensure(!section, "a section of GitLab", line)?;
    }
    Ok(())
}

/// `TryParseV2` of actions/runner, for commands of any name: returns the name and the message.
fn github_command(line: &str) -> Option<(String, String)> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let name = info.split(' ').next().filter(|name| !name.is_empty())?;
    // No runner command is named `:name`.
    let known = !name.starts_with(':');
    let data = data
        .replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%25", "%");
    // Line breaks in an annotation are the tool's own.
    known.then(|| (name.to_owned(), data.replace('\n', " ")))
}

/// Checks that a terminal only displays the text.
pub fn terminal(bytes: &[u8]) -> Found {
    let text = String::from_utf8(bytes.to_vec())?;
    plain(&text.replace("\r\n", "\n"))?;
    let size = |number: u16| NonZeroU16::new(number).expect("it is not 0");
    let mut parser =
        vt100::Parser::new_with_callbacks(size(3_000), size(1_000), 0, Asked::default());
    parser.process(bytes);
    let asked = &parser.callbacks().0;
    ensure(asked.is_empty(), "asked of the terminal", asked)?;
    let screen = parser.screen();
    let modes = [
        screen.alternate_screen(),
        screen.application_cursor(),
        screen.application_keypad(),
        screen.bracketed_paste(),
        screen.hide_cursor(),
        screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
        screen.bold() || screen.inverse() || screen.underline(),
        screen.fgcolor() != vt100::Color::Default || screen.bgcolor() != vt100::Color::Default,
    ];
    ensure(!modes.contains(&true), "modes that stay on", modes)?;
    let shown = screen.contents();
    let forged = shown.lines().find(|line| line.starts_with("FORGED"));
    ensure(forged.is_none(), "a line of its own", forged)?;
    // Nothing was moved, overwritten or cleared. The terminal keeps a few combining characters per
    // cell.
    let seen = |c: &char| !c.is_whitespace() && !matches!(c, '\u{300}'..='\u{36f}');
    let words = |text: &str| text.chars().filter(seen).collect::<String>();
    ensure(
        words(&shown) == words(&without_colours(&text)),
        "the screen",
        shown,
    )
}

/// The terminal's side effects.
#[derive(Default)]
struct Asked(Vec<String>);

impl vt100::Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("a bell".to_owned());
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("the title {title:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("the icon {name:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("the clipboard {data:?}"));
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.0.push(format!("control {byte}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.0.push(format!("ESC {byte}"));
    }
    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        _: Option<u8>,
        _: Option<u8>,
        _: &[&[u16]],
        c: char,
    ) {
        self.0.push(format!("CSI {c}"));
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, parameters: &[&[u8]]) {
        self.0.push(format!("OSC {parameters:?}"));
    }
}

/// Parses JSON and checks that its text is displayable.
pub fn json(text: &str) -> Result<Value, Failed> {
    plain(text)?;
    Ok(serde_json::from_str(text)?)
}

/// Returns whether a key or a value in a document equals a text.
pub fn holds(document: &Value, text: &str) -> bool {
    match document {
        Value::String(value) => value == text,
        Value::Array(all) => all.iter().any(|one| holds(one, text)),
        Value::Object(all) => all
            .iter()
            .any(|(key, value)| key == text || holds(value, text)),
        _ => false,
    }
}

/// The number of each element in a page, without code, which depends on the string.
pub type Shape = BTreeMap<String, usize>;

/// Parses Markdown as GitHub and GitLab do, and checks that all elements are the tool's own.
pub fn markdown(text: &str) -> Result<Shape, Failed> {
    plain(text)?;
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.render.r#unsafe = true;
    let arena = Arena::new();
    for node in parse_document(&arena, text, &options).descendants() {
        let value = &node.data.borrow().value;
        let made = matches!(
            value,
            NodeValue::Document
                | NodeValue::Heading(_)
                | NodeValue::Paragraph
                | NodeValue::Text(_)
                | NodeValue::Code(_)
                | NodeValue::Strong
                | NodeValue::SoftBreak
                | NodeValue::LineBreak
                | NodeValue::List(_)
                | NodeValue::Item(_)
                | NodeValue::Table(_)
                | NodeValue::TableRow(_)
                | NodeValue::TableCell
                | NodeValue::Alert(_)
                | NodeValue::HtmlBlock(_)
                | NodeValue::HtmlInline(_)
        );
        ensure(made, "a thing of Markdown that is not the tool's", value)?;
    }
    let page = dom(&markdown_to_html(text, &options))?;
    let said = page.text_outside_of_code();
    ensure(
        !SPECIAL.is_match(&said),
        "what a platform makes links of",
        SPECIAL.find(&said),
    )?;
    let comments = page
        .comments
        .iter()
        .filter(|text| text.starts_with(" topicsmith "));
    ensure(
        comments.count() == page.comments.len(),
        "comments",
        &page.comments,
    )?;
    ensure(page.comments.len() <= 1, "comments", &page.comments)?;
    page.only(
        "html head body h1 h2 h3 p strong code table thead tbody tr th td ul li br details summary div",
        "class",
    )?;
    Ok(page.shape)
}

/// Parses a page as a browser does.
pub fn html(text: &str) -> Result<Page, Failed> {
    plain(text)?;
    let page = dom(text)?;
    ensure(page.comments.is_empty(), "comments", &page.comments)?;
    page.only(
        "html head meta title style script body header main section article h1 h2 h3 p strong span \
         a ul li label input output details summary div table thead tbody tr th td br code",
        "lang charset name content http-equiv class id data-find href scope for type placeholder \
         hidden aria-live",
    )?;
    for (name, value) in &page.attributes {
        let own = !matches!(name.as_str(), "href") || value.starts_with('#');
        ensure(own, "a link out of the page", value)?;
    }
    Ok(page)
}

/// A parsed page.
#[derive(Default)]
pub struct Page {
    pub shape: Shape,
    pub attributes: Vec<(String, String)>,
    pub comments: Vec<String>,
    /// The text of each element without child elements, by element name, in order.
    pub texts: Vec<(String, String)>,
    /// All text, and whether it is in code.
    said: Vec<(bool, String)>,
}

impl Page {
    fn only(&self, elements: &str, attributes: &str) -> Found {
        let known = |of: &str, name: &str| of.split_whitespace().any(|known| known == name);
        let strange = self.shape.keys().find(|name| !known(elements, name));
        ensure(strange.is_none(), "an element", strange)?;
        let mut names = self.attributes.iter();
        let strange = names.find(|(name, _)| !known(attributes, name));
        ensure(strange.is_none(), "an attribute", strange)
    }

    fn text_outside_of_code(&self) -> String {
        let outside = self.said.iter().filter(|(code, _)| !code);
        let outside: Vec<&str> = outside.map(|(_, text)| text.as_str()).collect();
        outside.join("\n")
    }

    pub fn texts_of<'a>(&'a self, element: &'a str) -> impl Iterator<Item = &'a str> {
        let of = self.texts.iter().filter(move |(name, _)| name == element);
        of.map(|(_, text)| text.as_str())
    }
}

fn dom(text: &str) -> Result<Page, Failed> {
    let parsed = html5ever::parse_document(RcDom::default(), Default::default());
    let parsed = parsed.from_utf8().one(text.as_bytes());
    let mut page = Page::default();
    walk(&parsed.document, "", false, &mut page);
    Ok(page)
}

fn walk(node: &Handle, parent: &str, code: bool, page: &mut Page) {
    let mut name = parent.to_owned();
    match &node.data {
        NodeData::Element {
            name: own, attrs, ..
        } => {
            name = own.local.to_string();
            if name != "code" {
                *page.shape.entry(name.clone()).or_default() += 1;
            }
            for attribute in attrs.borrow().iter() {
                let value = attribute.value.to_string();
                page.attributes
                    .push((attribute.name.local.to_string(), value));
            }
        }
        NodeData::Comment { contents } => page.comments.push(contents.to_string()),
        NodeData::Text { contents } => {
            let text = contents.borrow().to_string();
            page.texts.push((parent.to_owned(), text.clone()));
            page.said.push((code, text));
        }
        _ => {}
    }
    let code = code || matches!(name.as_str(), "code" | "pre");
    for child in node.children.borrow().iter() {
        walk(child, &name, code, page);
    }
}

/// Returns the labels of every sample, parsed like Prometheus' own lexer of the text format,
/// version 0.0.4.
pub fn prometheus(text: &str) -> Result<Vec<BTreeMap<String, String>>, Failed> {
    let mut all = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, rest) = line.split_once('{').ok_or("no labels")?;
        let (mut labels, mut rest) = (BTreeMap::new(), rest);
        while !rest.starts_with('}') {
            let (name, value) = rest.split_once("=\"").ok_or("no value")?;
            ensure(
                name.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
                "a label",
                name,
            )?;
            let (mut text, mut characters) = (String::new(), value.chars());
            loop {
                match characters.next().ok_or("a value does not end")? {
                    '"' => break,
                    '\\' => text.push(match characters.next() {
                        Some('n') => '\n',
                        Some(c @ ('\\' | '"')) => c,
                        other => return Err(format!("no escape: {other:?}").into()),
                    }),
                    c => text.push(c),
                }
            }
            labels.insert(name.to_owned(), text);
            rest = characters.as_str();
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        let value = rest.trim_start_matches('}').trim();
        ensure(value.parse::<f64>().is_ok(), "a value", value)?;
        all.push(labels);
    }
    Ok(all)
}
