//! Writes the attribute in front of functions, and takes it away where it does not compile.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Result;
use crate::cargo::{self, Build, Diagnostic};
use crate::crates::Crate;
use crate::exceptions::{Findings, Kind};
use crate::functions::{self, Function};
use crate::workspace::{self, Workspace};

/// One of the two attributes of functions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attribute {
    WithContext,
    InheritContext,
}

impl Attribute {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WithContext => "with_context",
            Self::InheritContext => "inherit_context",
        }
    }

    /// Returns what is inserted: on the line of the function, so that the others keep their numbers.
    fn text(self) -> String {
        format!("#[::context_vars::{}] ", self.name())
    }
}

/// The number of functions that get the attribute, and of those that cannot.
#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) annotated: usize,
    pub(crate) consts: usize,
    pub(crate) in_macros: usize,
}

/// The files of a workspace that have functions with the attribute.
pub(crate) struct Annotated {
    pub(crate) attribute: Attribute,
    pub(crate) workspace: Workspace,
    files: BTreeMap<PathBuf, File>,
}

struct File {
    krate: String,
    /// Relative to the crate.
    name: String,
    text: String,
    /// Those that get the attribute, in their order.
    functions: Vec<Function>,
}

impl Annotated {
    pub(crate) fn new(attribute: Attribute, workspace: Workspace) -> Self {
        Self {
            attribute,
            workspace,
            files: BTreeMap::new(),
        }
    }

    /// Annotates every function that was compiled in `plain`.
    pub(crate) fn annotate(
        &mut self,
        krate: &Crate,
        published: &Path,
        plain: &Build,
    ) -> Result<Count> {
        let mut count = Count::default();
        for name in &plain.files {
            let Ok(text) = fs::read_to_string(published.join(name)) else {
                continue; // a file that a build script wrote
            };
            let found = functions::find(&text)
                .map_err(|error| format!("{} {}: {error}", krate.name, name.display()))?;
            let built = found
                .functions
                .into_iter()
                .filter(|function| plain.facts.built(&function.conditions));
            let (consts, mut functions): (Vec<_>, Vec<_>) =
                built.partition(|function| function.is_const);
            if self.attribute == Attribute::InheritContext {
                functions.retain(|function| function.gives_work);
            }
            count.annotated += functions.len();
            count.consts += consts.len();
            count.in_macros += found.in_macros;
            let file = File {
                krate: krate.name.clone(),
                name: name.display().to_string(),
                text,
                functions,
            };
            let path = self.workspace.member(krate).join(name);
            workspace::write(&path, &file.annotated(&self.attribute.text()))?;
            self.files.insert(path, file);
        }
        Ok(count)
    }

    /// Builds the tests of `krate`; the functions that do not compile lose the attribute.
    pub(crate) fn build(&mut self, krate: &Crate, findings: &mut Findings) -> Result<Build> {
        loop {
            let build = cargo::build(&self.workspace, krate)?;
            if build.errors.is_empty() {
                return Ok(build);
            }
            let mut found = BTreeMap::new();
            for error in &build.errors {
                if let Some(place) = self.blamed(error) {
                    found.entry(place).or_insert(error);
                }
            }
            if found.is_empty() {
                let message = &build.errors[0].message;
                return Err(
                    format!("{}: no function is to blame for: {message}", krate.name).into(),
                );
            }
            // From the last one of a file on, so that the numbers of the others stay.
            for ((path, index), error) in found.into_iter().rev() {
                let file = self.files.get_mut(&path).ok_or("a file of this list")?;
                let function = file.functions.remove(index);
                let name = format!("{}: {}", file.name, function.name);
                eprintln!("{} {name}: {}", file.krate, error.message);
                findings.add(
                    &file.krate,
                    self.attribute,
                    Kind::Function,
                    name,
                    &error.message,
                );
                workspace::write(&path, &file.annotated(&self.attribute.text()))?;
            }
        }
    }

    /// Returns the file and the number of the innermost annotated function at the first place.
    fn blamed(&self, error: &Diagnostic) -> Option<(PathBuf, usize)> {
        error.places().into_iter().find_map(|place| {
            let path = self.workspace.root.join(&place.file_name);
            let file = self.files.get(&path)?;
            let index = file.function_at(place.byte_start, self.attribute.text().len())?;
            Some((path, index))
        })
    }
}

impl File {
    /// Returns the text with `attribute` in front of the functions.
    fn annotated(&self, attribute: &str) -> String {
        let mut result = String::with_capacity(self.text.len() * 2);
        let mut copied = 0;
        for Function { range, .. } in &self.functions {
            result += &self.text[copied..range.start];
            result += attribute;
            copied = range.start;
        }
        result + &self.text[copied..]
    }

    /// Returns the innermost function at `byte` of the annotated text, its attribute included.
    fn function_at(&self, byte: usize, attribute: usize) -> Option<usize> {
        let in_text = |index: usize| byte.saturating_sub(attribute * index);
        let before = self
            .functions
            .iter()
            .enumerate()
            .take_while(|(index, function)| in_text(*index) >= function.range.start)
            .count();
        (0..before)
            .rev()
            .find(|index| in_text(before) < self.functions[*index].range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::{Attribute, File};
    use crate::functions;

    #[test]
    fn the_innermost_function_is_blamed() {
        let text = "fn a() { x; fn b() { y } z }\nfn c() {}";
        let file = File {
            krate: String::new(),
            name: String::new(),
            text: text.to_owned(),
            functions: functions::find(text).unwrap().functions,
        };
        let attribute = Attribute::WithContext.text();
        let annotated = file.annotated(&attribute);
        assert_eq!(annotated.replace(&attribute, ""), text);
        let blamed = |at: &str| file.function_at(annotated.find(at).unwrap(), attribute.len());
        assert_eq!(blamed("x;"), Some(0));
        assert_eq!(blamed("y }"), Some(1));
        assert_eq!(blamed("z }"), Some(0));
        assert_eq!(blamed("#["), Some(0));
        assert_eq!(blamed("#[::context_vars::with_context] fn b"), Some(1));
        assert_eq!(blamed("fn c"), Some(2));
        assert_eq!(blamed("\n"), None);
    }
}
