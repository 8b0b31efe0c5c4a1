//! The modules of a crate, read from its sources, and which file imports which.
//!
//! The sources are read as tokens, so that paths in the bodies of macros count like all others,
//! and what a comment or a text says does not. Attributes are left out, and so is what is there
//! for `cfg(test)` only.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The text of each file, by its path below `src`.
pub(super) type Sources = BTreeMap<String, String>;

/// Two files, of which the first imports from the second.
pub(super) type Import = (String, String);

type Path = Vec<String>;

struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// What `use` makes known here, by its local name.
    names: BTreeMap<String, Vec<Path>>,
    globs: Vec<Path>,
    /// All paths of more than one name, those of `use` included.
    paths: Vec<Path>,
}

/// Where a path leads.
struct Target {
    module: usize,
    /// Whether the path names this module itself, rather than something in it.
    is_whole: bool,
}

struct Modules<'a> {
    sources: &'a Sources,
    all: Vec<Module>,
    errors: Vec<String>,
}

/// Every import of one file from another, and what could not be read.
///
/// A path leads to the file of the last module that it names: what a `mod.rs` re-exports is
/// imported from the `mod.rs`, and the `mod.rs` imports it from the file that has it.
pub(super) fn imports(sources: &Sources) -> (BTreeSet<Import>, Vec<String>) {
    let mut modules = Modules {
        sources,
        all: Vec::new(),
        errors: Vec::new(),
    };
    modules.add_file("lib.rs", None);
    let mut imports = BTreeSet::new();
    for (index, module) in modules.all.iter().enumerate() {
        for path in &module.paths {
            let Some(target) = modules.resolve(index, path, 0) else {
                continue; // another crate's, or an item of this module
            };
            let target = &modules.all[target.module].file;
            if *target != module.file {
                imports.insert((module.file.clone(), target.clone()));
            }
        }
    }
    (imports, modules.errors)
}

/// How often `word` is a token of a file, attributes included and `cfg(test)` left out. Alone in its
/// brackets it is the name of the word, as in `Token![unsafe]`, and does not count.
pub(super) fn count(text: &str, word: &str) -> usize {
    fn count_in(tokens: TokenStream, word: &str) -> usize {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut found = 0;
        let mut at = 0;
        while at < tokens.len() {
            if is_test_only(&tokens[at..]) {
                at += length_of_item(&tokens[at..]);
                continue;
            }
            found += match &tokens[at] {
                TokenTree::Ident(ident) => usize::from(ident == word && tokens.len() > 1),
                TokenTree::Group(group) => count_in(group.stream(), word),
                _ => 0,
            };
            at += 1;
        }
        found
    }
    count_in(text.parse().unwrap_or_default(), word)
}

impl Modules<'_> {
    fn add_file(&mut self, file: &str, parent: Option<usize>) -> usize {
        let index = self.add(file, parent);
        match self.sources.get(file).map(|text| text.parse()) {
            Some(Ok(tokens)) => self.scan(index, &folder_of_children(file), tokens),
            Some(Err(error)) => self.errors.push(format!("{file}: {error}")),
            None => self
                .errors
                .push(format!("{file} is declared and not there")),
        }
        index
    }

    fn add(&mut self, file: &str, parent: Option<usize>) -> usize {
        self.all.push(Module {
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            names: BTreeMap::new(),
            globs: Vec::new(),
            paths: Vec::new(),
        });
        self.all.len() - 1
    }

    /// Reads the tokens of a module, or of a group in one. The files of its children are in
    /// `folder`.
    fn scan(&mut self, module: usize, folder: &str, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut file = None; // that of `#[path = "…"]`
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += if is_test_only(rest) {
                length_of_item(rest)
            } else if let Some((attribute, length)) = attribute(rest) {
                file = path_attribute(attribute).or(file);
                length
            } else if is_word(&rest[0], "mod") {
                self.scan_module(module, folder, rest, file.take())
            } else if is_word(&rest[0], "use") && !is_punct(&rest[1], '<') {
                let end = rest.iter().position(|token| is_punct(token, ';'));
                let end = end.unwrap_or(rest.len());
                self.scan_use(module, &rest[1..end], &[]);
                end
            } else if let Some((path, length)) = path(rest) {
                if path.len() > 1 {
                    self.all[module].paths.push(path);
                }
                length
            } else {
                if let TokenTree::Group(group) = &rest[0] {
                    self.scan(module, folder, group.stream());
                }
                1
            };
        }
    }

    /// Reads `mod name;` or `mod name { … }`; gives the number of tokens.
    fn scan_module(
        &mut self,
        parent: usize,
        folder: &str,
        tokens: &[TokenTree],
        file: Option<String>,
    ) -> usize {
        let (Some(TokenTree::Ident(name)), Some(body)) = (tokens.get(1), tokens.get(2)) else {
            return 1;
        };
        let name = name.to_string();
        let child = match body {
            TokenTree::Group(body) => {
                let file = self.all[parent].file.clone();
                let child = self.add(&file, Some(parent));
                self.scan(child, &format!("{folder}{name}/"), body.stream());
                child
            }
            _ => {
                let in_folder = format!("{folder}{name}/mod.rs");
                let beside = format!("{folder}{name}.rs");
                let found = self.sources.contains_key(&in_folder);
                let usual = if found { in_folder } else { beside };
                self.add_file(&file.unwrap_or(usual), Some(parent))
            }
        };
        self.all[parent].children.insert(name, child);
        3
    }

    /// Reads one tree of a `use`, after `prefix`.
    fn scan_use(&mut self, module: usize, tree: &[TokenTree], prefix: &[String]) {
        let (segments, length) = path(tree).unwrap_or_default();
        let mut full = [prefix, &segments].concat();
        let rest: Vec<_> = tree[length..]
            .iter()
            .filter(|token| !is_punct(token, ':'))
            .collect();
        match rest.as_slice() {
            [TokenTree::Group(group), ..] => {
                let trees: Vec<TokenTree> = group.stream().into_iter().collect();
                for tree in trees.split(|token| is_punct(token, ',')) {
                    self.scan_use(module, tree, &full);
                }
            }
            [star, ..] if is_punct(star, '*') => {
                self.all[module].globs.push(full.clone());
                self.all[module].paths.push(full);
            }
            _ if segments.is_empty() => {}
            alias => {
                if full.len() > 1 && full.last().is_some_and(|last| last == "self") {
                    full.pop();
                }
                let name = match alias {
                    [_as, TokenTree::Ident(name)] => name.to_string(),
                    _ => full.last().cloned().unwrap_or_default(),
                };
                let module = &mut self.all[module];
                module.names.entry(name).or_default().push(full.clone());
                module.paths.push(full);
            }
        }
    }

    fn resolve(&self, module: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut module = match first.as_str() {
            "crate" => 0,
            "self" => module,
            "super" => self.all[module].parent?,
            name => self.named(module, name, depth)?,
        };
        for segment in rest {
            let next = match segment.as_str() {
                "super" => self.all[module].parent,
                name => self.all[module].children.get(name).copied(),
            };
            match next {
                Some(next) => module = next,
                None => {
                    return Some(Target {
                        module,
                        is_whole: false,
                    });
                }
            }
        }
        Some(Target {
            module,
            is_whole: true,
        })
    }

    /// The module that a name means in `module`: a child, or what a `use` brought there.
    fn named(&self, module: usize, name: &str, depth: usize) -> Option<usize> {
        let here = &self.all[module];
        if let Some(&child) = here.children.get(name) {
            return Some(child);
        }
        if depth > 8 {
            return None; // `use a::b; use b::a;`
        }
        let imported = here.names.get(name).into_iter().flatten();
        let imported = imported.filter(|path| path[0] != name);
        let mut targets = imported.filter_map(|path| self.resolve(module, path, depth + 1));
        if let Some(target) = targets.find(|target| target.is_whole) {
            return Some(target.module);
        }
        let globs = here.globs.iter().filter(|path| path[0] != name);
        let mut targets = globs.filter_map(|path| self.resolve(module, path, depth + 1));
        targets.find_map(|target| self.all[target.module].children.get(name).copied())
    }
}

/// Where the children of a file are: beside a `lib.rs` or `mod.rs`, below any other.
fn folder_of_children(file: &str) -> String {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let folder = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    match name.strip_suffix(".rs") {
        Some("lib" | "mod") | None => folder,
        Some(stem) => format!("{folder}{stem}/"),
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == punct)
}

/// The tokens in the brackets of the attribute that `tokens` begins with, and its length.
fn attribute(tokens: &[TokenTree]) -> Option<(TokenStream, usize)> {
    let (hash, rest) = tokens.split_first()?;
    let bang = usize::from(rest.first().is_some_and(|token| is_punct(token, '!')));
    match rest.get(bang) {
        Some(TokenTree::Group(group))
            if is_punct(hash, '#') && group.delimiter() == Delimiter::Bracket =>
        {
            Some((group.stream(), bang + 2))
        }
        _ => None,
    }
}

/// Whether `tokens` begins with `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_test_only(tokens: &[TokenTree]) -> bool {
    attribute(tokens).is_some_and(|(attribute, _)| {
        let text = attribute.to_string().replace(' ', "");
        text == "cfg(test)" || text.starts_with("cfg(all(test,")
    })
}

/// The number of tokens to the end of an item: its braces or its semicolon.
fn length_of_item(tokens: &[TokenTree]) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    tokens
        .iter()
        .position(is_end)
        .map_or(tokens.len(), |end| end + 1)
}

/// The file that `#[path = "…"]` names.
fn path_attribute(attribute: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    let [name, equals, TokenTree::Literal(file)] = tokens.as_slice() else {
        return None;
    };
    let is_path = is_word(name, "path") && is_punct(equals, '=');
    is_path.then(|| file.to_string().trim_matches('"').to_owned())
}

/// `a::b::c` at the beginning of `tokens`, and the number of its tokens. `::a` names a crate, so
/// its first segment is `::`, which is no module. The path in a `pub(in …)` is not an import: it is
/// left out.
fn path(tokens: &[TokenTree]) -> Option<(Path, usize)> {
    if let [visibility, TokenTree::Group(_), ..] = tokens
        && is_word(visibility, "pub")
    {
        return Some((Path::new(), 1 + usize::from(is_restriction(&tokens[1]))));
    }
    let (mut path, mut at) = match is_separator(tokens) {
        true => (vec!["::".to_owned()], 2),
        false => (Path::new(), 0),
    };
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        let goes_on =
            is_separator(&tokens[at..]) && matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)));
        if !goes_on {
            break;
        }
        at += 2;
    }
    (at > 0).then_some((path, at))
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(first), second, ..]
        if first.as_char() == ':' && first.spacing() == Spacing::Joint && is_punct(second, ':'))
}

/// Whether a group is the `(crate)`, `(super)` or `(in path)` of a `pub`, not a tuple's fields.
fn is_restriction(group: &TokenTree) -> bool {
    let TokenTree::Group(group) = group else {
        return false;
    };
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    match tokens.as_slice() {
        [word] => is_word(word, "crate") || is_word(word, "super"),
        [word, ..] => is_word(word, "in"),
        [] => false,
    }
}
