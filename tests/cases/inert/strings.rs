//! Hostile strings, each for one reader: terminals, logs of pipelines, Markdown, HTML, JSON, TOML,
//! Prometheus and shells. `FORGED` marks the beginning of an injected line.

/// The name of a string in tests, and the string.
pub type Hostile = (&'static str, String);

pub fn all() -> Vec<Hostile> {
    let few = ONE_BY_ONE.iter();
    let mut all: Vec<Hostile> = few
        .map(|(name, text)| (*name, (*text).to_owned()))
        .collect();
    let combining = "\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}".repeat(20);
    all.push(("combining-marks", format!("z{combining}a{combining}")));
    all.push(("very-long", "long ".repeat(2_000)));
    all.push(("very-long-word", "w".repeat(10_000)));
    all.push((
        "very-long-and-then-a-command",
        "x".repeat(300) + "\n::error::FORGED",
    ));
    all.push(("many-lines", "FORGED\n".repeat(50)));
    all.push(("many-backticks", "`".repeat(60)));
    all
}

/// Returns several strings combined in one, for slow sinks.
pub fn together() -> Vec<String> {
    let all = all();
    let short: Vec<&str> = all
        .iter()
        .map(|(_, text)| text.as_str())
        .filter(|text| text.len() < 100)
        .collect();
    short.chunks(9).map(|some| some.join(" ")).collect()
}

const ONE_BY_ONE: &[(&str, &str)] = &[
    // Terminals.
    ("csi-colour", "\u{1b}[38;5;123mred\u{1b}[0m"),
    ("csi-clears-the-screen", "\u{1b}[2J\u{1b}[HFORGED"),
    ("csi-cursor-up", "x\u{1b}[1A\u{1b}[2KFORGED"),
    ("csi-alternate-screen", "\u{1b}[?1049hx"),
    (
        "csi-bracketed-paste",
        "\u{1b}[?2004h\u{1b}[200~rm -rf x\u{1b}[201~",
    ),
    ("csi-hides-the-cursor", "\u{1b}[?25lx"),
    ("csi-mouse", "\u{1b}[?1000hx"),
    ("csi-asks-for-a-report", "\u{1b}[6n\u{1b}[c\u{1b}[>c"),
    ("csi-conceals", "\u{1b}[8msecret\u{1b}[28m"),
    ("csi-of-c1", "\u{9b}31mred\u{9b}2J"),
    ("osc-title", "\u{1b}]0;FORGED\u{7}"),
    ("osc-title-of-c1", "\u{9d}0;FORGED\u{9c}"),
    (
        "osc-8-link",
        "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    ),
    ("osc-52-clipboard", "\u{1b}]52;c;cm0gLXJmIH4=\u{7}"),
    ("osc-never-ends", "\u{1b}]0;x"),
    ("dcs", "\u{1b}P$q\"p\u{1b}\\\u{90}x\u{9c}"),
    (
        "apc-and-pm",
        "\u{1b}_x\u{1b}\\\u{1b}^y\u{1b}\\\u{9f}z\u{9c}",
    ),
    ("reset", "\u{1b}cx"),
    ("charset", "\u{1b}(0lqqk\u{e}x\u{f}"),
    ("carriage-return", "error: all is wrong\rFORGED"),
    ("crlf", "x\r\nFORGED\r\n"),
    ("backspaces", "no\u{8}\u{8}yes"),
    ("nul", "a\0b"),
    ("bell", "\u{7}\u{7}"),
    ("delete", "a\u{7f}b"),
    ("form-feed", "a\u{c}FORGED\u{b}FORGED"),
    ("next-line", "a\u{85}FORGED"),
    ("line-separators", "a\u{2028}FORGED\u{2029}FORGED"),
    ("newline", "a\nFORGED"),
    ("tab", "a\tb"),
    ("jenkins-note", "\u{1b}[8mha:AAAA\u{1b}[0m"),
    // Text that is displayed differently.
    ("bidi-override", "\u{202e}txt.exe\u{202c}"),
    ("bidi-isolate", "\u{2067}abc\u{2069}\u{2066}x"),
    ("bidi-marks", "\u{200e}a\u{200f}b\u{61c}"),
    ("zero-width", "a\u{200b}b\u{200c}c\u{2060}d\u{feff}e"),
    ("soft-hyphen", "pass\u{ad}word"),
    ("tag-characters", "x\u{e0001}\u{e0041}\u{e007f}"),
    ("interlinear", "\u{fff9}a\u{fffa}b\u{fffb}"),
    ("blank-fillers", "\u{3164}\u{115f}\u{ffa0}"),
    (
        "emoji-joined",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{26a0}\u{fe0f}",
    ),
    ("variation-selectors", "a\u{fe00}b\u{e0100}"),
    // Logs of pipelines.
    ("github-error", "::error file=x,line=1::FORGED"),
    ("github-mask", "::add-mask::e"),
    ("github-stop", "a\n::stop-commands::FORGED"),
    ("github-blanks-before", "a\n \t\u{3000}::warning::FORGED"),
    ("github-set-env", "\u{a0}::set-env name=PATH::x"),
    ("github-old", "##[add-mask]e"),
    ("github-old-inside", "x ##[error]y ###[warning]z"),
    (
        "github-old-split",
        "#\u{200b}#[set-env name=A]b #\u{fe0f}#[x]",
    ),
    ("github-percent", "%0A::error::FORGED%0D%25,x:y"),
    ("azure-vso", "##vso[task.setvariable variable=PATH]x"),
    ("azure-group", "a\n##[group]FORGED"),
    ("teamcity", "##teamcity[buildStatus status='SUCCESS']"),
    ("octopus", "##octopus[setVariable name='QQ==' value='QQ==']"),
    (
        "gitlab-section",
        "section_start:1:x[collapsed=true]\r\u{1b}[0KFORGED",
    ),
    ("gitlab-section-end", "a\nsection_end:1:x\r\u{1b}[0K"),
    ("travis-fold", "travis_fold:start:x\r\u{1b}[0KFORGED"),
    (
        "buildkite",
        "a\n--- FORGED\n+++ FORGED\n~~~ FORGED\n^^^ +++",
    ),
    // Markdown.
    ("md-link", "[x](https://evil.example)"),
    ("md-image", "![x](https://evil.example/x.png)"),
    (
        "md-reference",
        "[x][y]\n\n[y]: https://evil.example 'FORGED'",
    ),
    (
        "md-autolink",
        "<https://evil.example> https://evil.example www.evil.example a@evil.example",
    ),
    (
        "md-html",
        "<img src=x onerror=alert(1)><b>x</b></details></table>",
    ),
    ("md-comment", "<!-- topicsmith plan prod -->"),
    ("md-comment-open", "--> <!-- x"),
    ("md-code-span", "` b `` c ``` d"),
    ("md-fence", "```\nFORGED\n~~~\n```"),
    ("md-pipe", "a|b\\|c\\\\|d"),
    ("md-table", "\n| a | b |\n| --- | --- |\n| FORGED | x |"),
    ("md-heading", "# FORGED\nFORGED\n===\n---"),
    ("md-mention", "@org/team @someone cc @here"),
    (
        "md-reference-to-an-issue",
        "#1 org/repo#2 GH-3 fixes #4 !5 ~label %milestone &6",
    ),
    ("md-commit", "4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d4f2a9c1d"),
    ("md-footnote", "x[^1]\n\n[^1]: FORGED"),
    ("md-task", "- [ ] FORGED\n- [x] FORGED"),
    ("md-math", "$x$ $$y$$ $`z`$"),
    ("md-emphasis", "**b** _i_ ~~s~~ ***"),
    ("md-quote", "> FORGED\n> [!WARNING]\n1. FORGED"),
    ("md-hard-break", "a\\\nFORGED  \nFORGED"),
    ("md-emoji", ":tada: :100:"),
    ("md-entities", "&lt;b&gt; &#35; &copy; &#x202e;"),
    ("md-gitlab-quick-action", "x\n/close\n/assign me"),
    // HTML.
    (
        "html-script",
        "<script>document.title='owned';window.owned=1</script>",
    ),
    (
        "html-attribute",
        "\" onmouseover=\"document.title='owned'\" x='",
    ),
    (
        "html-attribute-single",
        "' autofocus onfocus='document.title=1' y=\"",
    ),
    ("html-javascript-url", "javascript:document.title='owned'"),
    (
        "html-ends-the-script",
        "</script><svg onload=document.title='owned'>",
    ),
    (
        "html-ends-the-style",
        "</style></title></textarea><script>document.title='owned'</script>",
    ),
    ("html-comment", "<!--<script>"),
    (
        "html-meta",
        "<meta http-equiv=refresh content='0;url=https://evil.example'><base href=//evil.example>",
    ),
    (
        "html-template",
        "{{constructor.constructor('x')()}} ${x} <%= x %>",
    ),
    (
        "html-css",
        "}*{background:url(https://evil.example)} @import 'x'; expression(x)",
    ),
    // JSON, TOML, Prometheus, shells.
    ("json-quotes", "\",\"forged\":\"x\\"),
    ("json-escapes", "\\u001b[31m \\ud800 \\"),
    ("toml-quotes", "'''\nFORGED = 1\n\"\"\"\n[topics.FORGED]\n"),
    ("toml-literal", "it's \"both\" \\ '"),
    ("toml-comment", "# x\n[profiles.FORGED]"),
    ("toml-control", "\u{1}\u{1f}\"\\u0041\\U00000041"),
    (
        "prometheus-label",
        "a\",environment=\"b\"} 1\nFORGED{x=\"y\"} 1 # {",
    ),
    ("prometheus-backslash", "a\\nb\\\\\"\n# TYPE FORGED gauge\n"),
    (
        "shell",
        "$(touch pwned) `touch pwned` ; touch pwned & '\" \\",
    ),
    ("shell-option", "--live=/etc/passwd -rf"),
    ("format", "%s%n %d {} {0} \\{"),
    (
        "not-ascii",
        "na\u{ef}ve \u{6f22}\u{5b57} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    ),
];
