//! Trees of files that are written to take time and memory: `validate` ends within the limits of
//! docs/security.md, whatever they contain. The trees are generated from seeds, so each is the same
//! in every run; `fuzz/fuzz_targets/trees.rs` generates others.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

/// Far above the documented ten seconds: this build is not optimized, and the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(600);

/// Maximum seconds of CPU time, for the same reason.
const MOST_SECONDS: u64 = 60;

/// The documented limit: 512 MiB.
const MOST_MEMORY_KB: u64 = 512 << 10;

/// Maximum address space in KiB: beyond it, a run ends at once.
const MOST_ADDRESSES_KB: u64 = 4 << 20;

const ENVIRONMENT: &str = "[cluster]\nbootstrap_servers = \"kafka:9092\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n";

/// The number of random trees.
const RANDOM: u64 = 8;

pub fn trials() -> Vec<Trial> {
    let shapes = SHAPES.iter().map(|&(name, shape)| {
        let test = move || {
            let tree = Tree::new(1)?;
            shape(&tree)?;
            tree.validate()
        };
        Trial::test(format!("hostile/{name}"), test)
    });
    let random = (0..RANDOM).map(|seed| {
        let test = move || {
            let tree = Tree::new(4)?;
            random(&tree, seed)?;
            tree.validate()
        };
        Trial::test(format!("hostile/tree-{seed:02}"), test)
    });
    shapes.chain(random).collect()
}

type Done = Result<(), Failed>;

/// A folder being filled. In a combination, each shape gets a fraction of its full size.
struct Tree {
    folder: tempfile::TempDir,
    parts: usize,
}

impl Tree {
    fn new(parts: usize) -> Result<Self, Failed> {
        let tree = Self {
            folder: tempfile::tempdir()?,
            parts,
        };
        tree.write("environments/dev.toml", ENVIRONMENT)?;
        tree.write("topics/one.toml", "[topics.one]\n")?;
        Ok(tree)
    }

    fn write(&self, path: &str, text: &str) -> Done {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().ok_or("it has a folder")?)?;
        Ok(fs::write(path, text)?)
    }

    /// Writes a file of this many pieces.
    fn fill(&self, path: &str, count: usize, piece: impl Fn(usize) -> String) -> Done {
        let text: String = (0..count / self.parts).map(piece).collect();
        self.write(path, &text)
    }

    fn link(&self, target: &str, path: &str) -> Done {
        Ok(symlink(target, self.folder.path().join(path))?)
    }

    /// Runs the binary, and checks its resource usage.
    fn validate(&self) -> Done {
        let limited = format!(
            "ulimit -v {MOST_ADDRESSES_KB}; ulimit -t {MOST_SECONDS}; exec \"$0\" validate"
        );
        let started = Instant::now();
        let mut run = Command::new("sh")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_topicsmith")])
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut memory = 0;
        let status = loop {
            memory = memory.max(peak(run.id()));
            if let Some(status) = run.try_wait()? {
                break status;
            }
            if started.elapsed() > PATIENCE || memory > MOST_MEMORY_KB {
                run.kill()?;
                run.wait()?;
                let took = started.elapsed();
                return Err(format!("{} KiB after {took:?}", memory).into());
            }
            thread::sleep(Duration::from_millis(5));
        };
        match status.code() {
            Some(0 | 1) => Ok(()),
            _ => Err(format!("it ended with {status}").into()),
        }
    }
}

/// Returns the peak memory of a process, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// A way to fill a folder.
type Shape = fn(&Tree) -> Done;

const SHAPES: &[(&str, Shape)] = &[
    ("patterns", |tree| {
        tree.fill("topics/a.toml", 9_000, |n| {
            format!("[lifecycles.l{n}]\nparameters.a = \".{{1,2000}}{n}\"\n")
        })
    }),
    ("lifecycles", |tree| {
        tree.fill("topics/a.toml", 12_000, |n| {
            format!("[lifecycles.l{n}]\nparameters.a = '[a-z]{{1,2000}}'\n[topics.\"l{n}{{a}}\"]\nlifecycle = \"l{n}\"\n")
        })
    }),
    ("patterns-that-are-bombs", |tree| {
        tree.fill("topics/a.toml", 400, |n| {
            format!(
                "[lifecycles.l{n}]\nparameters.a = '{}.*a.{{{n}}}'\n",
                "(?u:[^x])".repeat(100)
            )
        })
    }),
    // Small patterns that are slow to compile.
    ("patterns-that-are-work", |tree| {
        let part = |n: usize| -> String {
            let letters = "abcdefghijklmnopqrstuvwxyz"
                .chars()
                .cycle()
                .skip(n % 26)
                .take(12);
            letters.flat_map(|letter| [letter, '?']).collect()
        };
        tree.fill("topics/a.toml", 800, |n| {
            format!(
                "[lifecycles.l{n}]\nparameters.a = '(?:{}){{{}}}'\n",
                part(n),
                40 - n / 26
            )
        })
    }),
    ("templates", |tree| {
        let items: String = (0..140).map(|n| format!("\"{n}\",")).collect();
        let text = format!(
            "[lifecycles.l]\nparameters.a = '[a-z_0-9]+'\nparameters.b = '([a-z]{{1,99}}_){{1,9}}'\n[topics.\"{{x}}_{{y}}_{{a}}_{{b}}\"]\nlifecycle = \"l\"\nfor_each.x = [{items}]\nfor_each.y = [{items}]\n"
        );
        tree.write("topics/a.toml", &text)?;
        tree.fill("topics/b.toml", 20_000, |n| {
            format!("[topics.{n}_x_{n}_{n}]\n")
        })
    }),
    ("templates-side-by-side", |tree| {
        tree.fill("topics/a.toml", 3_000, |n| {
            format!("[topics.\"{{a}}{n}{{b}}\"]\nlifecycle = \"l\"\n")
        })?;
        tree.write(
            "topics/b.toml",
            "[lifecycles.l]\nparameters.a = '[a-z0-9]+'\nparameters.b = '[a-z]{1,200}[0-9a-z]*'\n",
        )
    }),
    ("topics", |tree| {
        tree.fill("topics/a.toml", 100_000, |n| format!("[topics.t{n}]\n"))
    }),
    ("topics-twice", |tree| {
        tree.fill("topics/a.toml", 40_000, |n| {
            format!("[topics.t{}]\n", n % 9_000)
        })
    }),
    ("topics-in-many-environments", |tree| {
        tree.fill("topics/a.toml", 20_000, |n| format!("[topics.t{n}]\n"))?;
        (0..200 / tree.parts)
            .try_for_each(|n| tree.write(&format!("environments/e{n}.toml"), ENVIRONMENT))
    }),
    ("topics-without-partitions", |tree| {
        tree.fill("topics/a.toml", 20_000, |n| format!("[topics.t{n}]\n"))?;
        let text = "[cluster]\nbootstrap_servers = \"a:1\"\n";
        (0..100 / tree.parts).try_for_each(|n| tree.write(&format!("environments/e{n}.toml"), text))
    }),
    ("products", |tree| {
        let items: String = (0..400).map(|n| format!("\"{n}\",")).collect();
        tree.fill("topics/a.toml", 40, |n| {
            format!(
                "[topics.\"t{n}.{{a}}.{{b}}\"]\nfor_each.a = [{items}]\nfor_each.b = [{items}]\n"
            )
        })
    }),
    ("nested-tables", |tree| {
        tree.fill("topics/a.toml", 20_000, |n| {
            format!("a{n}{} = 1\n", ".b".repeat(70))
        })
    }),
    ("nested-braces", |tree| {
        tree.fill("topics/a.toml", 2_000, |n| {
            format!("a{n} = {}1{}\n", "{a=".repeat(78), "}".repeat(78))
        })
    }),
    ("lists", |tree| {
        tree.fill("topics/a.toml", 10, |n| {
            format!("a{n} = [{}]\n", "[],".repeat(100_000))
        })
    }),
    ("commas", |tree| {
        tree.write("topics/a.toml", &",".repeat((4 << 20) / tree.parts))
    }),
    ("lines", |tree| {
        tree.write("topics/a.toml", &"\n".repeat((12 << 20) / tree.parts))
    }),
    ("quotes", |tree| {
        (0..40 / tree.parts)
            .try_for_each(|n| tree.write(&format!("topics/{n}.toml"), &"\"\n".repeat(60_000)))
    }),
    ("one-line", |tree| {
        let topics: String = (0..20_000 / tree.parts)
            .map(|n| format!("t{n}={{foo=1}},"))
            .collect();
        tree.write("topics/a.toml", &format!("topics={{{topics}}}\n"))
    }),
    ("unknown-keys", |tree| {
        tree.fill("environments/prod.toml", 50_000, |n| format!("x{n} = 1\n"))
    }),
    ("unknown-configs", |tree| {
        tree.write(
            "environments/prod.toml",
            &format!(
                "{ENVIRONMENT}[rules]\nallow_configs = [\"x*y*z*\", \"*a?????????????????\"]\n"
            ),
        )?;
        tree.fill("topics/a.toml", 20_000, |n| {
            format!("[topics.t{n}]\nconfig.x{n}{} = 1\n", "a".repeat(99))
        })
    }),
    ("near-names", |tree| {
        let long = "x".repeat(74);
        tree.fill("topics/a.toml", 6_000, |n| {
            format!("[profiles.{long}{n}]\n[topics.t{n}]\nprofile = \"{long}_{n}\"\nenvironments = [\"{long}{n}\"]\n")
        })
    }),
    ("names-that-collide", |tree| {
        tree.fill("topics/a.toml", 20_000, |n| {
            format!("[topics.\"t{n}.a\"]\n[topics.t{n}_a]\n")
        })
    }),
    ("profiles", |tree| {
        let names: String = (0..1_000).map(|n| format!("\"p{n}\",")).collect();
        tree.fill("topics/p.toml", 1_000, |n| {
            format!("[profiles.p{n}]\nconfig.retention.ms = \"{}d\"\n", n + 1)
        })?;
        tree.fill("topics/a.toml", 100, |n| {
            format!("[topics.t{n}]\nprofile = [{names}]\n")
        })
    }),
    ("layers", |tree| {
        let groups: String = (0..2_000).map(|n| format!("\"g{n}\",")).collect();
        let layers: String = (0..2_000)
            .map(|n| format!("env.g{n}.partitions = 2\n"))
            .collect();
        tree.write(
            "environments/prod.toml",
            &format!("groups = [{groups}]\n{ENVIRONMENT}"),
        )?;
        tree.fill("topics/a.toml", 20, |n| format!("[topics.t{n}]\n{layers}"))
    }),
    ("chains", |tree| {
        let most = 900 / tree.parts;
        (0..most).try_for_each(|n| {
            let next = (n + 1) % most;
            tree.write(
                &format!("environments/e{n}.toml"),
                &format!("extends = \"e{next}\"\n{ENVIRONMENT}"),
            )
        })
    }),
    ("scopes", |tree| {
        let scopes: String = (0..5_000)
            .map(|n| format!("s{n}.topics = [\"a*b{n}*c\"]\n"))
            .collect();
        tree.write(
            "environments/base.toml",
            &format!("abstract = true\n{ENVIRONMENT}[scopes]\n{scopes}"),
        )?;
        (0..300 / tree.parts).try_for_each(|n| {
            tree.write(&format!("environments/e{n}.toml"), "extends = \"base\"\n")
        })
    }),
    ("globs", |tree| {
        let globs: String = (0..160)
            .map(|n| format!("\"{}{n}\",", "?*[a-z]*".repeat(12)))
            .collect();
        tree.write(
            "environments/dev.toml",
            &format!("{ENVIRONMENT}[ignore]\ntopics = [{globs}]\n"),
        )?;
        tree.fill("topics/a.toml", 3_000, |n| {
            format!("[topics.{}{n}]\n", "ab".repeat(110))
        })
    }),
    ("servers", |tree| {
        let servers = "\"a:1\",".repeat(200_000 / tree.parts);
        tree.write(
            "environments/prod.toml",
            &ENVIRONMENT.replace("\"kafka:9092\"", &format!("[{servers}]")),
        )
    }),
    ("files", |tree| {
        (0..20_000 / tree.parts)
            .try_for_each(|n| tree.write(&format!("topics/{}/{n}.toml", n % 50), ""))
    }),
    ("folders-that-link-to-each-other", |tree| {
        for folder in 0..20 {
            fs::create_dir(tree.folder.path().join(format!("topics/d{folder}")))?;
        }
        let pairs = (0..20).flat_map(|from| (0..20).map(move |to| (from, to)));
        pairs.into_iter().try_for_each(|(from, to)| {
            tree.link(&format!("../d{to}"), &format!("topics/d{from}/l{to}"))
        })
    }),
    ("folders-with-two-links-each", |tree| {
        for folder in 0..30 {
            fs::create_dir(tree.folder.path().join(format!("topics/f{folder}")))?;
            tree.link(
                &format!("../f{}", folder + 1),
                &format!("topics/f{folder}/a"),
            )?;
            tree.link(
                &format!("../f{}", folder + 1),
                &format!("topics/f{folder}/b"),
            )?;
        }
        tree.link("/", "topics/everything")
    }),
];

/// A combination of shapes, and files of random words.
fn random(tree: &Tree, seed: u64) -> Done {
    const WORDS: [&str; 40] = [
        "[",
        "]",
        "{",
        "}",
        "[[",
        "]]",
        ".",
        "=",
        ",",
        "\n",
        "\n\n",
        " ",
        "\"",
        "'",
        "\"\"\"",
        "#",
        "topics",
        "profiles",
        "removed",
        "lifecycles",
        "env",
        "config",
        "partitions",
        "for_each",
        "parameters",
        "lifecycle",
        "profile",
        "labels",
        "environments",
        "1",
        "-1",
        "1e9",
        "true",
        "\"a\"",
        "[\"a\", \"b\"]",
        "retention.ms",
        "\"{a}_{b}\"",
        "'[a-z]+'",
        "ä",
        "\u{202e}",
    ];
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..3 {
        let (_, shape) = SHAPES[numbers.below(SHAPES.len())];
        // Two shapes may create the same folder or link.
        if let Err(error) = shape(tree) {
            let there = format!("{error:?}").contains("exists");
            if !there {
                return Err(error);
            }
        }
    }
    for file in 0..20 {
        let count = numbers.below(4_000);
        let words: Vec<&str> = (0..count)
            .map(|_| WORDS[numbers.below(WORDS.len())])
            .collect();
        let folder = ["topics", "topics/deeper", "environments"][numbers.below(3)];
        tree.write(&format!("{folder}/random-{file}.toml"), &words.concat())?;
    }
    for link in 0..10 {
        let targets = [
            ".",
            "..",
            "../..",
            "one.toml",
            "/",
            "nowhere",
            "../environments",
            "/dev/zero",
        ];
        tree.link(
            targets[numbers.below(targets.len())],
            &format!("topics/link-{link}.toml"),
        )?;
    }
    Ok(())
}

/// Reproducible numbers (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}
