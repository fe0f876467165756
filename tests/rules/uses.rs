//! Which files of a crate use which others: the paths in each of its modules, resolved to the files
//! that define what they name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

/// The files that each file uses.
pub(super) type Uses = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Gives the text of a file, if there is one.
type Source<'s> = &'s dyn Fn(&Path) -> Option<String>;

/// Paths in the tokens of a macro.
static TOKENS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z_]\w*(?:\s*::\s*[A-Za-z_]\w*)+").unwrap());
/// How many imports may lead from one to the next. Those that lead in a circle end here.
const DEEPEST: usize = 10;

/// An import: its path, and the name that it gets. The name `*` stands for all names.
struct Import {
    path: Vec<String>,
    name: String,
    /// Whether it hands the item on, which alone is no use of it.
    is_public: bool,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    parent: Option<usize>,
    modules: HashMap<String, usize>,
    items: HashSet<String>,
    imports: Vec<Import>,
    /// All paths outside of imports.
    paths: Vec<Vec<String>>,
}

/// What a path leads to.
enum Target {
    Module(usize),
    /// An item that this file defines.
    Item(PathBuf),
    /// Something of another crate.
    Outside,
}

/// The modules of a crate. The first one is its root.
struct Crate<'s>(Vec<Module>, Source<'s>);

/// The uses in the crate with this root. Uses in code that only tests have do not count.
pub(super) fn uses(root: &Path, source: Source<'_>) -> Uses {
    let mut all = Crate(Vec::new(), source);
    all.load(root, root.parent().unwrap(), None);
    let mut found = Uses::new();
    for (number, module) in all.0.iter().enumerate() {
        let used = found.entry(module.file.clone()).or_default();
        let imports = module.imports.iter().filter(|it| !it.is_public && it.name != "*");
        for path in imports.map(|import| &import.path).chain(&module.paths) {
            match all.resolve(number, path, true, 0) {
                Target::Item(file) if file != module.file => drop(used.insert(file)),
                _ => {}
            }
        }
    }
    found
}

impl Crate<'_> {
    /// Reads a file and its modules, whose files are in `folder`. Returns its number.
    fn load(&mut self, file: &Path, folder: &Path, parent: Option<usize>) -> Option<usize> {
        let text = self.1(file)?;
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        Some(self.add(&parsed.items, file, folder, parent))
    }

    fn add(&mut self, items: &[Item], file: &Path, folder: &Path, parent: Option<usize>) -> usize {
        let mut module = Module { file: file.to_owned(), parent, ..Module::default() };
        let mut inner = Vec::new();
        for item in items {
            match item {
                Item::Mod(item) => inner.push(item),
                item => module.visit_item(item),
            }
            module.items.extend(name(item));
        }
        let number = self.0.len();
        self.0.push(module);
        for item in inner.into_iter().filter(|item| !is_test(&item.attrs)) {
            let below = folder.join(item.ident.to_string());
            let child = match &item.content {
                Some((_, items)) => Some(self.add(items, file, &below, Some(number))),
                None => self
                    .load(&below.with_extension("rs"), &below, Some(number))
                    .or_else(|| self.load(&below.join("mod.rs"), &below, Some(number))),
            };
            self.0[number].modules.extend(child.map(|child| (item.ident.to_string(), child)));
        }
        number
    }

    /// What a path in a module leads to. An item and a module may share a name: at the end of a
    /// path (`last`) it means the item, before that the module.
    fn resolve(&self, from: usize, path: &[String], last: bool, depth: usize) -> Target {
        let mut now = from;
        for (at, segment) in path.iter().enumerate() {
            let last = last && at + 1 == path.len();
            now = match (segment.as_str(), self.0[now].parent) {
                ("crate", _) if at == 0 => 0,
                ("self", _) => now,
                ("super", Some(parent)) => parent,
                _ => match self.look_up(now, segment, last, depth) {
                    Some(Target::Module(module)) => module,
                    Some(found) => return found,
                    // A macro has made it.
                    None if at > 0 => return Target::Item(self.0[now].file.clone()),
                    None => return Target::Outside,
                },
            };
        }
        Target::Module(now)
    }

    fn look_up(&self, at: usize, name: &str, last: bool, depth: usize) -> Option<Target> {
        if depth > DEEPEST {
            return Some(Target::Outside);
        }
        let module = &self.0[at];
        let child = module.modules.get(name).map(|module| Target::Module(*module));
        if module.items.contains(name) && (last || child.is_none()) {
            return Some(Target::Item(module.file.clone()));
        }
        let import = module.imports.iter().find(|import| import.name == name);
        let imported = || import.map(|it| self.resolve(at, &it.path, last, depth + 1));
        child.or_else(imported).or_else(|| {
            let globs = module.imports.iter().filter(|import| import.name == "*");
            let found = globs.filter_map(|it| match self.resolve(at, &it.path, false, depth + 1) {
                Target::Module(module) => self.look_up(module, name, last, depth + 1),
                _ => Some(Target::Outside),
            });
            // What no file of the crate has comes from outside, if anything does.
            found.min_by_key(|target| matches!(target, Target::Outside))
        })
    }
}

/// Leaves out what only tests have.
macro_rules! unless_test {
    ($($visit:ident $node:ident)*) => {
        $(fn $visit(&mut self, node: &'ast syn::$node) {
            if !is_test(&node.attrs) {
                visit::$visit(self, node);
            }
        })*
    };
}

/// Collects imports and paths, wherever they stand.
impl<'ast> Visit<'ast> for Module {
    unless_test! {
        visit_item_const ItemConst visit_item_enum ItemEnum visit_item_fn ItemFn
        visit_item_impl ItemImpl visit_item_macro ItemMacro visit_item_static ItemStatic
        visit_item_struct ItemStruct visit_item_trait ItemTrait visit_item_type ItemType
        visit_impl_item_const ImplItemConst visit_impl_item_fn ImplItemFn visit_field Field
        visit_variant Variant visit_local Local visit_arm Arm
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) && item.leading_colon.is_none() {
            let is_public = !matches!(item.vis, Visibility::Inherited);
            flatten(&item.tree, &[], is_public, &mut self.imports);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.paths.push(segments.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for path in TOKENS.find_iter(&call.tokens.to_string()) {
            let segments = path.as_str().split("::").map(|segment| segment.trim().to_owned());
            self.paths.push(segments.collect());
        }
        visit::visit_macro(self, call);
    }
}

fn flatten(tree: &UseTree, before: &[String], is_public: bool, into: &mut Vec<Import>) {
    let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
    let (path, name) = match tree {
        UseTree::Path(tree) => return flatten(&tree.tree, &with(&tree.ident), is_public, into),
        UseTree::Group(group) => {
            return group.items.iter().for_each(|it| flatten(it, before, is_public, into));
        }
        UseTree::Glob(_) => (before.to_vec(), "*".to_owned()),
        UseTree::Name(tree) if tree.ident == "self" => {
            (before.to_vec(), before.last().cloned().unwrap_or_default())
        }
        UseTree::Name(tree) => (with(&tree.ident), tree.ident.to_string()),
        UseTree::Rename(tree) => (with(&tree.ident), tree.rename.to_string()),
    };
    into.push(Import { path, name, is_public });
}

/// The name of an item that paths may lead to.
fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Whether only tests have what has these attributes: `cfg(test)`, or `cfg(all(…, test))`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    let conditions = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.filter_map(|cfg| cfg.meta.require_list().ok()).any(|cfg| {
        let text = cfg.tokens.to_string();
        text == "test" || text.starts_with("all") && text.contains("test") && !text.contains("not")
    })
}
