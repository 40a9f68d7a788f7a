//! Which file of a crate imports which, and the circles among them.
//!
//! A file imports another if it names something that is defined there: in a `use`, or by a path that begins with `crate`, `self`, `super` or a
//! module in scope. Names are followed through re-exports to where they are defined. What a file re-exports from its own folder makes no import:
//! it is the folder's face. Tests are left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};
use syn::{
    visit::{self, Visit},
    Attribute, Item, ItemMod, UseTree,
};

/// A crate's imports: for each file those that it imports, by their paths below the crate's `src`.
pub type Imports = BTreeMap<String, BTreeSet<String>>;

/// How far re-exports are followed.
const FAR: usize = 16;

/// A module: a file, or a block inside of one.
#[derive(Default)]
struct Module {
    /// The file it lies in.
    file: usize,
    /// Modules directly inside.
    children: BTreeMap<String, usize>,
    /// The module around it.
    parent: usize,
    /// Names defined here.
    defined: BTreeSet<String>,
    /// Names brought into scope here: by name, the path they stand for, from this module.
    imported: BTreeMap<String, Vec<String>>,
    /// Paths whose contents are brought into scope here.
    globs: Vec<Vec<String>>,
    /// Paths named here otherwise.
    named: Vec<Vec<String>>,
    /// Of the imported paths, those that are handed on.
    handed_on: BTreeSet<Vec<String>>,
}

/// A crate as it was read.
struct Tree {
    files: Vec<PathBuf>,
    modules: Vec<Module>,
}

/// The imports of the crate whose root is `root`, such as `src/lib.rs`. Fails where a file cannot be read or is no Rust.
pub fn imports(root: &Path) -> Result<Imports, String> {
    let mut tree = Tree { files: Vec::new(), modules: Vec::new() };
    tree.read(root, 0, true).map_err(|error| format!("{}: {error}", root.display()))?;
    let source = root.parent().unwrap_or(root);
    let name = |file: usize| tree.files[file].strip_prefix(source).unwrap_or(&tree.files[file]).display().to_string();
    let mut imports: Imports = tree.files.iter().enumerate().map(|(file, _)| (name(file), BTreeSet::new())).collect();
    for (index, module) in tree.modules.iter().enumerate() {
        let used = module.imported.values().chain(&module.globs).filter(|path| {
            // The face of a folder.
            !(module.handed_on.contains(*path) && tree.is_inside(index, path))
        });
        for path in used.chain(&module.named) {
            if let Some(file) = tree.defining_file(index, path, FAR).filter(|file| *file != module.file) {
                imports.entry(name(module.file)).or_default().insert(name(file));
            }
        }
    }
    Ok(imports)
}

/// The circles: groups of files of which each reaches all others.
pub fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|file| (file, reached(imports, file))).collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for file in imports.keys() {
        if !reach[file].contains(file) || !seen.insert(file) {
            continue;
        }
        let circle: Vec<String> =
            reach[file].iter().filter(|other| reach[**other].contains(file)).map(|it| (*it).clone()).collect();
        seen.extend(imports.keys().filter(|it| circle.contains(it)));
        circles.push(circle);
    }
    circles
}

/// The circles of the library and the program of a crate in `folder`, each with the face it was found from.
pub fn circles_of(folder: &Path) -> Result<Vec<(&'static str, Vec<String>)>, String> {
    let mut found = Vec::new();
    for face in ["src/lib.rs", "src/main.rs"] {
        let path = folder.join(face);
        if path.is_file() {
            found.extend(circles(&imports(&path)?).into_iter().map(|circle| (face, circle)));
        }
    }
    Ok(found)
}

/// All files that `file` imports, and those import, and so on.
fn reached<'a>(imports: &'a Imports, file: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = imports.get(file).into_iter().flatten().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(imports.get(next).into_iter().flatten());
        }
    }
    reached
}

impl Tree {
    /// Reads a file as a new module below `parent`. `is_face`: whether its modules lie in its own folder.
    fn read(&mut self, path: &Path, parent: usize, is_face: bool) -> io::Result<usize> {
        let text = fs::read_to_string(path)?;
        let parsed = syn::parse_file(&text).map_err(|error| io::Error::other(error.to_string()))?;
        self.files.push(path.to_owned());
        let file = self.files.len() - 1;
        let folder = path.parent().unwrap_or(path);
        let folder = if is_face { folder.to_owned() } else { folder.join(path.file_stem().unwrap_or_default()) };
        self.module(&parsed.items, file, parent, &folder)
    }

    /// Adds a module with these items.
    fn module(&mut self, items: &[Item], file: usize, parent: usize, folder: &Path) -> io::Result<usize> {
        let index = self.modules.len();
        self.modules.push(Module { file, parent, ..Module::default() });
        for item in items {
            if is_test(attributes(item)) {
                continue;
            }
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let inner = match &child.content {
                        Some((_, items)) => Some(self.module(items, file, index, &folder.join(&name))?),
                        None => self.child(child, index, folder)?,
                    };
                    if let Some(inner) = inner {
                        self.modules[index].children.insert(name, inner);
                    }
                }
                Item::Use(it) => {
                    let is_public = !matches!(it.vis, syn::Visibility::Inherited);
                    self.take(index, &it.tree, Vec::new(), is_public);
                }
                item => {
                    self.modules[index].defined.extend(name_of(item));
                    let mut paths = Paths(Vec::new());
                    paths.visit_item(item);
                    self.modules[index].named.extend(paths.0);
                }
            }
        }
        Ok(index)
    }

    /// Reads the file of a module that is declared by name; nothing if it is written while building.
    fn child(&mut self, child: &ItemMod, parent: usize, folder: &Path) -> io::Result<Option<usize>> {
        let name = child.ident.to_string();
        let flat = folder.join(format!("{name}.rs"));
        if flat.is_file() {
            return self.read(&flat, parent, false).map(Some);
        }
        let deep = folder.join(&name).join("mod.rs");
        if deep.is_file() {
            return self.read(&deep, parent, true).map(Some);
        }
        Ok(None)
    }

    /// Notes what a `use` brings into scope.
    fn take(&mut self, index: usize, tree: &UseTree, mut path: Vec<String>, is_public: bool) {
        let module = &mut self.modules[index];
        match tree {
            UseTree::Path(it) => {
                path.push(it.ident.to_string());
                self.take(index, &it.tree, path, is_public);
            }
            UseTree::Group(group) => group.items.iter().for_each(|it| self.take(index, it, path.clone(), is_public)),
            UseTree::Glob(_) => {
                if is_public {
                    module.handed_on.insert(path.clone());
                }
                module.globs.push(path);
            }
            UseTree::Name(_) | UseTree::Rename(_) => {
                let (name, alias) = match tree {
                    UseTree::Rename(it) => (it.ident.to_string(), it.rename.to_string()),
                    UseTree::Name(it) => (it.ident.to_string(), it.ident.to_string()),
                    _ => return,
                };
                let alias = if alias == "self" { path.last().cloned().unwrap_or_default() } else { alias };
                if name != "self" {
                    path.push(name);
                }
                if is_public {
                    module.handed_on.insert(path.clone());
                }
                module.imported.insert(alias, path);
            }
        }
    }

    /// Whether a path from a module leads to something below it.
    fn is_inside(&self, from: usize, path: &[String]) -> bool {
        let first = path.first().map(String::as_str).unwrap_or_default();
        first == "self" || self.modules[from].children.contains_key(first)
    }

    /// The file in which the thing is defined that a path from a module names; none if it is of another crate, or only a module.
    fn defining_file(&self, from: usize, path: &[String], far: usize) -> Option<usize> {
        let (mut module, mut rest) = self.begin(from, path, far)?;
        while let Some((name, after)) = rest.split_first() {
            if let Some(child) = self.modules[module].children.get(name) {
                (module, rest) = (*child, after);
                continue;
            }
            if self.modules[module].defined.contains(name) {
                return Some(self.modules[module].file);
            }
            let far = far.checked_sub(1)?;
            if let Some(target) = self.modules[module].imported.get(name) {
                let whole: Vec<String> = target.iter().chain(after).cloned().collect();
                return self.defining_file(module, &whole, far);
            }
            return self.modules[module].globs.iter().find_map(|glob| {
                let whole: Vec<String> = glob.iter().chain(rest).cloned().collect();
                self.defining_file(module, &whole, far)
            });
        }
        None
    }

    /// Where a path begins: a module, and what of the path is left.
    fn begin<'a>(&self, from: usize, path: &'a [String], far: usize) -> Option<(usize, &'a [String])> {
        let (first, mut rest) = path.split_first()?;
        let mut module = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent,
            name if self.modules[from].children.contains_key(name) => return Some((from, path)),
            // A name in scope, followed by more of the path: a module that was imported, or a type.
            name if rest.is_empty() || self.modules[from].defined.contains(name) => return None,
            name => {
                let target = self.modules[from].imported.get(name)?;
                let module = self.module_at(from, target, far.checked_sub(1)?)?;
                return Some((module, rest));
            }
        };
        while rest.first().is_some_and(|name| name == "super") {
            (module, rest) = (self.modules[module].parent, &rest[1..]);
        }
        Some((module, rest))
    }

    /// The module that a path names.
    fn module_at(&self, from: usize, path: &[String], far: usize) -> Option<usize> {
        let (mut module, rest) = self.begin(from, path, far)?;
        for name in rest {
            module = *self.modules[module].children.get(name)?;
        }
        Some(module)
    }
}

/// Collects paths of more than one part.
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, _attribute: &'ast Attribute) {}
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Mod(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Const(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        _ => &[],
    }
}

/// Whether an item is there for tests or benchmarks alone.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = match &attribute.meta {
            syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string(),
            _ => return false,
        };
        condition == "test" || condition.starts_with("all (test") || condition.contains("runtime-benchmarks")
    })
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(it) => it.ident.to_string(),
        Item::Enum(it) => it.ident.to_string(),
        Item::Fn(it) => it.sig.ident.to_string(),
        Item::Macro(it) => it.ident.as_ref()?.to_string(),
        Item::Static(it) => it.ident.to_string(),
        Item::Struct(it) => it.ident.to_string(),
        Item::Trait(it) => it.ident.to_string(),
        Item::TraitAlias(it) => it.ident.to_string(),
        Item::Type(it) => it.ident.to_string(),
        Item::Union(it) => it.ident.to_string(),
        _ => return None,
    })
}
