//! The modules of a crate, read from its sources, and which file imports which.
//!
//! The sources are read as tokens, so that paths in the bodies of macros count like all others,
//! and what a comment or a text says does not. Attributes are left out, and so are modules for
//! `cfg(test)` only.
//!
//! Some code would hide an import from this reading, so it is an error: `cfg(test)` on anything but a
//! module, `include!`, `#[macro_use]`, and a `macro_rules!` in a file that has files below it, which
//! can call it without a path. A method is called, and a trait's implementation is used, without the
//! name of a file: neither is an import.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The text of each file, by its path below `src`.
pub(super) type Sources = BTreeMap<String, String>;

/// Two files, of which the first imports from the second.
pub(super) type Import = (String, String);

type Path = Vec<String>;

#[derive(Default)]
struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    /// The imports of `use`, by their local names.
    names: BTreeMap<String, Vec<Path>>,
    /// The functions here. A path can mean one of them or a module of the same name.
    functions: BTreeSet<String>,
    globs: Vec<Path>,
    /// The paths of each `use`.
    uses: Vec<Path>,
    /// All other paths of more than one name, without the last one, which names no module.
    prefixes: Vec<Path>,
    has_macros: bool,
}

/// The target of a path.
struct Target {
    module: usize,
    /// `true` if the path names this module itself, rather than something in it.
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
    modules.refuse_unseen_files();
    let mut imports = BTreeSet::new();
    for (index, module) in modules.all.iter().enumerate() {
        let uses = module.uses.iter();
        let used = uses.flat_map(|path| modules.imported_by_use(index, path));
        let prefixes = module.prefixes.iter();
        // `None` is another crate's, or an item of this module.
        let named = prefixes.filter_map(|path| Some(modules.resolve(index, path, 0)?.module));
        for target in used.chain(named) {
            let target = &modules.all[target].file;
            if *target != module.file {
                imports.insert((module.file.clone(), target.clone()));
            }
        }
    }
    (imports, modules.errors)
}

/// Returns the number of times that `word` is a token of a file, attributes included and `cfg(test)` left out. In
/// `Token![unsafe]` it is the name of the word, and does not count.
pub(super) fn count(text: &str, word: &str) -> usize {
    fn count_in(tokens: TokenStream, word: &str) -> usize {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut found = 0;
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += if is_test_module(rest) {
                TEST_MODULE
            } else if is_call_of_macro(rest, "Token") {
                3
            } else {
                found += match &rest[0] {
                    TokenTree::Group(group) => count_in(group.stream(), word),
                    token => usize::from(is_word(token, word)),
                };
                1
            };
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
            ..Module::default()
        });
        self.all.len() - 1
    }

    fn error(&mut self, module: usize, error: &str) {
        let file = &self.all[module].file;
        self.errors.push(format!("{file}: {error}"));
    }

    /// Reports the files that no `mod` declares, and those whose macros the files below can call.
    fn refuse_unseen_files(&mut self) {
        let read: BTreeSet<_> = self.all.iter().map(|module| &module.file).collect();
        let unread = self.sources.keys().filter(|file| !read.contains(file));
        let unread = unread.map(|file| format!("{file} is declared by no `mod`"));
        let children = self.all.iter().filter_map(|child| {
            let parent = &self.all[child.parent?];
            (parent.has_macros && parent.file != child.file).then_some(&parent.file)
        });
        let children: BTreeSet<_> = children.collect();
        let shared = children.into_iter();
        let shared = shared.map(|file| format!("{file}: `macro_rules!` above other files"));
        let errors: Vec<_> = unread.chain(shared).collect();
        self.errors.extend(errors);
    }

    /// Reads the tokens of a module, or of a group in one. The files of its children are in
    /// `folder`.
    fn scan(&mut self, module: usize, folder: &str, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut file = None; // that of `#[path = "…"]`
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += if is_test_module(rest) {
                TEST_MODULE
            } else if let Some((attribute, length)) = attribute(rest) {
                if is_test_only(&attribute) {
                    self.error(module, "`cfg(test)` on something other than a module");
                }
                if attribute.to_string() == "macro_use" {
                    self.error(module, "`#[macro_use]`");
                }
                file = path_attribute(attribute).or(file);
                length
            } else if is_call_of_macro(rest, "include") {
                self.error(module, "`include!`");
                2
            } else if is_call_of_macro(rest, "macro_rules") {
                self.all[module].has_macros = true;
                2
            } else if is_word(&rest[0], "mod") {
                self.scan_module(module, folder, rest, file.take())
            } else if is_word(&rest[0], "use") && !is_punct(&rest[1], '<') {
                let end = rest.iter().position(|token| is_punct(token, ';'));
                let end = end.unwrap_or(rest.len());
                self.scan_use(module, &rest[1..end], &[]);
                end
            } else if let [function, TokenTree::Ident(name), ..] = rest
                && is_word(function, "fn")
            {
                self.all[module].functions.insert(name.to_string());
                2
            } else if let Some((mut path, length)) = path(rest) {
                // `a::$name` and `a::{…}` go on.
                let goes_on = is_separator(&rest[length..])
                    && !rest.get(length + 2).is_some_and(|next| is_punct(next, '<'));
                if !goes_on {
                    path.pop();
                }
                if !path.is_empty() {
                    self.all[module].prefixes.push(path);
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
                let sibling = format!("{folder}{name}.rs");
                let found = self.sources.contains_key(&in_folder);
                let usual = if found { in_folder } else { sibling };
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
                self.all[module].uses.push(full);
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
                module.uses.push(full);
            }
        }
    }

    /// The modules that a `use` imports from. If its last name means a module and a function or a
    /// re-export as well, it imports both.
    fn imported_by_use(&self, module: usize, path: &[String]) -> Vec<usize> {
        let target = self.resolve(module, path, 0);
        let mut targets: Vec<_> = target.map(|target| target.module).into_iter().collect();
        if let Some((name, parents)) = path.split_last()
            && let Some(parent) = self.resolve(module, parents, 0)
            && parent.is_whole
        {
            let parent_module = &self.all[parent.module];
            if parent_module.functions.contains(name) || parent_module.names.contains_key(name) {
                targets.push(parent.module);
            }
        }
        targets
    }

    fn resolve(&self, module: usize, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut module = match first.as_str() {
            "crate" => 0,
            "self" => module,
            "super" => self.all[module].parent?,
            name => self.named(module, name, depth)?,
        };
        let mut is_whole = true;
        for segment in rest {
            let next = match segment.as_str() {
                "super" => self.all[module].parent,
                name => self.all[module].children.get(name).copied(),
            };
            is_whole = next.is_some();
            match next {
                Some(next) => module = next,
                None => break,
            }
        }
        Some(Target { module, is_whole })
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

/// Returns the folder of a file's children: next to a `lib.rs` or `mod.rs`, below any other file.
fn folder_of_children(file: &str) -> String {
    let (folder, name) = file.split_at(file.rfind('/').map_or(0, |slash| slash + 1));
    match name.strip_suffix(".rs") {
        Some("lib" | "mod") | None => folder.to_owned(),
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

/// Returns whether an attribute is `cfg(test)` or `cfg(all(test, …))`.
fn is_test_only(attribute: &TokenStream) -> bool {
    let text = attribute.to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// The number of tokens of `#[cfg(test)] mod name;` or `#[cfg(test)] mod name { … }`.
const TEST_MODULE: usize = 5;

fn is_test_module(tokens: &[TokenTree]) -> bool {
    let attribute = attribute(tokens);
    attribute.is_some_and(|(attribute, length)| length == 2 && is_test_only(&attribute))
        && tokens.get(2).is_some_and(|token| is_word(token, "mod"))
        && tokens.len() >= TEST_MODULE
}

fn is_call_of_macro(tokens: &[TokenTree], name: &str) -> bool {
    matches!(tokens, [first, bang, ..] if is_word(first, name) && is_punct(bang, '!'))
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

/// Returns whether a group is the `(crate)`, `(super)` or `(in path)` of a `pub`, not a tuple's fields.
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
