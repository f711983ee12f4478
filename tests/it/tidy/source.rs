//! A Rust source, split into what the compiler runs and what it quotes.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file of `src/`, test modules left out.
pub struct Source {
    /// From `src/`, with `/`: `store/users.rs`.
    pub path: String,
    /// The whole file's number of lines.
    pub lines: usize,
    /// The code with comments and literals blanked; line breaks stay.
    pub code: String,
    /// The string literals, each with the line it begins on.
    pub literals: Vec<(usize, String)>,
}

impl Source {
    /// The room a file belongs to: `store` for `store/users.rs`, `clock` for `clock.rs`.
    pub fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    /// The line of a byte of [`Source::code`], from 1.
    pub fn line_at(&self, offset: usize) -> usize {
        1 + self.code[..offset].matches('\n').count()
    }

    /// Reads one source text.
    pub fn new(path: &str, text: &str) -> Self {
        let (code, literals) = split(text);
        let (code, tests) = without_tests(&code);
        let literals = literals.into_iter().filter(|(line, _)| !tests.iter().any(|t| t.contains(line))).collect();
        Source { path: path.to_owned(), lines: text.lines().count(), code, literals }
    }
}

/// Every source of the crate, in order of path; files that hold tests alone (`tests.rs`, and what lies in a folder
/// `tests`) are left out.
pub fn sources() -> Vec<Source> {
    let root = crate_root().join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    assert!(files.len() > 10, "the sources of the crate are in src/");
    files
        .iter()
        .map(|file| (file, file.strip_prefix(&root).unwrap()))
        .filter(|(_, path)| !path.ends_with("tests.rs") && !path.iter().any(|part| part == "tests"))
        .map(|(file, path)| {
            let path = path.to_str().unwrap().replace('\\', "/");
            Source::new(&path, &fs::read_to_string(file).unwrap())
        })
        .collect()
}

/// Where `Cargo.toml` is.
pub fn crate_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Blanks comments and literals, and collects the string literals.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut literals = Vec::new();
    let mut line = 1;
    let mut i = 0;
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    while i < chars.len() {
        let begin = i;
        let end = match chars[i] {
            '/' if at(i + 1) == '/' => (i..chars.len()).find(|&j| chars[j] == '\n').unwrap_or(chars.len()),
            '/' if at(i + 1) == '*' => block_comment_end(&chars, i),
            'r' | 'b' | 'c' if !is_word(at(i.wrapping_sub(1))) && raw_string(&chars, i).is_some() => {
                let (from, to, end) = raw_string(&chars, i).unwrap();
                literals.push((line, chars[from..to].iter().collect()));
                end
            }
            '"' => {
                let end = quoted_end(&chars, i, '"');
                literals.push((line, chars[i + 1..end.saturating_sub(1).max(i + 1)].iter().collect()));
                end
            }
            // A lifetime has no closing quote.
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => quoted_end(&chars, i, '\''),
            _ => {
                if chars[i] == '\n' {
                    line += 1;
                }
                code.push(chars[i]);
                i += 1;
                continue;
            }
        };
        for &c in &chars[begin..end] {
            if c == '\n' {
                line += 1;
            }
            code.push(if c == '\n' { '\n' } else { ' ' });
        }
        i = end;
    }
    (code, literals)
}

fn block_comment_end(chars: &[char], begin: usize) -> usize {
    let (mut i, mut depth) = (begin, 0);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => {
                (depth, i) = (depth - 1, i + 2);
                if depth == 0 {
                    return i;
                }
            }
            _ => i += 1,
        }
    }
    chars.len()
}

fn quoted_end(chars: &[char], begin: usize, quote: char) -> usize {
    let mut i = begin + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// `r"…"`, `br#"…"#`: where its text begins and ends, and where it is over.
fn raw_string(chars: &[char], begin: usize) -> Option<(usize, usize, usize)> {
    let mut i = begin;
    if matches!(chars[i], 'b' | 'c') {
        i += 1;
    }
    if chars.get(i) != Some(&'r') {
        return None;
    }
    i += 1;
    let hashes = chars[i..].iter().take_while(|&&c| c == '#').count();
    i += hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    let from = i + 1;
    let to =
        (from..chars.len()).find(|&j| chars[j] == '"' && chars[j + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes)?;
    Some((from, to, to + 1 + hashes))
}

/// The code without `#[cfg(test)] mod … { … }`, and the lines these modules took.
fn without_tests(code: &str) -> (String, Vec<std::ops::RangeInclusive<usize>>) {
    let mut out = code.to_owned();
    let mut tests = Vec::new();
    while let Some(begin) = out.find("#[cfg(test)]") {
        let body = out[begin..].find(['{', ';']).map_or(out.len(), |i| begin + i);
        let end = if out[body..].starts_with('{') { closing(&out, body) } else { body + 1 };
        let line = |offset: usize| 1 + out[..offset].matches('\n').count();
        tests.push(line(begin)..=line(end.min(out.len()).saturating_sub(1)));
        let blank: String = out[begin..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(begin..end, &blank);
    }
    (out, tests)
}

/// The byte after the brace that closes the one at `open`.
pub fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (i, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + i + 1;
        }
    }
    code.len()
}

/// Whether the character can stand inside an identifier.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn comments_literals_and_test_modules_are_told_from_code() {
    let text = "use a; // use b;\nlet x = \"SELECT 1\\\"\"; let y = r#\"INSERT \"q\" \"#; let c = '{'; fn f<'a>() {}\n/* use c; /* deep */ */\n#[cfg(test)]\nmod tests {\n use d; const T: &str = \"DELETE\";\n}\nuse e;\n";

    let source = Source::new("store/users.rs", text);

    assert_eq!(source.room(), "store");
    assert!(source.code.contains("use a") && source.code.contains("use e") && source.code.contains("fn f<'a>() {}"));
    assert!(!source.code.contains("use b") && !source.code.contains("use c") && !source.code.contains("use d"));
    assert_eq!(source.literals, [(2, "SELECT 1\\\"".to_owned()), (2, "INSERT \"q\" ".to_owned())]);
    assert_eq!(source.line_at(source.code.find("use e").unwrap()), 8);
}
