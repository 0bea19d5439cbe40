//! Rules that look at tokens: words in strings and comments do not count, code inside macros does.
//!
//! A token stream is enough for all of them, so nothing here knows the grammar of Rust beyond `fn name`
//! up to the first brace.

use std::ops::Range;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{FUNCTION_LINES_CEILING, lines::Problem};

/// Macros that mark unfinished work or print for the one who debugs.
const UNFINISHED: &[&str] = &["todo", "unimplemented", "dbg"];

/// What the rules need of one source's tokens.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Each function: its name, first and last line.
    pub functions: Vec<Function>,
    literals: Vec<Range<usize>>,
    unfinished: Vec<(usize, String)>,
    sleeps: Vec<usize>,
    unargued: Vec<(usize, String)>,
    broken: Option<String>,
}

/// One function with a body, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, counted from 1.
    pub line: usize,
    /// How many lines it takes, from its `fn` to its closing brace.
    pub line_count: usize,
}

impl Tokens {
    /// Tells whether this line, other than as its last, belongs to a literal of several lines.
    pub fn inside_literal(&self, line: usize) -> bool {
        self.literals.iter().any(|lines| lines.contains(&line))
    }
}

/// Reads the tokens of a source; a text that is no token stream is told by [`words`].
pub fn read(text: &str) -> Tokens {
    let mut tokens = Tokens::default();
    match text.parse::<TokenStream>() {
        Ok(stream) => walk(stream, &mut tokens),
        Err(error) => tokens.broken = Some(format!("not Rust tokens: {error}")),
    }
    tokens
}

/// Returns the words that finished, argued code does without.
pub fn words(text: &str, tokens: &Tokens, may_sleep: bool) -> Vec<Problem> {
    let lines: Vec<&str> = text.lines().collect();
    let broken = tokens.broken.iter().map(|what| (1, what.clone()));
    let unfinished = tokens.unfinished.iter().map(|(line, name)| (*line, format!("`{name}!` is left in")));
    let sleeps = tokens.sleeps.iter().filter(|_| !may_sleep);
    let sleeps = sleeps.map(|line| (*line, "`thread::sleep` with no listed reason".to_owned()));
    let unargued = tokens.unargued.iter().filter(|(line, _)| !has_comment(&lines, *line));
    let unargued = unargued.map(|(line, name)| (*line, format!("`{name}` without a reason")));
    broken.chain(unfinished).chain(sleeps).chain(unargued).collect()
}

/// Returns the functions over the ceiling.
pub fn long_functions(tokens: &Tokens) -> Vec<Problem> {
    let long = tokens.functions.iter().filter(|function| function.line_count > FUNCTION_LINES_CEILING);
    long.map(|Function { name, line, line_count }| {
        (*line, format!("{line_count} lines in `{name}`, more than {FUNCTION_LINES_CEILING}"))
    })
    .collect()
}

/// An argument in a comment stands on the same line or right above; documentation is no argument.
fn has_comment(lines: &[&str], line: usize) -> bool {
    let same = lines.get(line - 1).is_some_and(|text| text.contains("// "));
    let above = line.checked_sub(2).and_then(|index| lines.get(index));
    same || above.is_some_and(|text| text.trim_start().starts_with("// "))
}

fn walk(stream: TokenStream, found: &mut Tokens) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    for (index, tree) in trees.iter().enumerate() {
        let rest = &trees[index + 1..];
        match tree {
            TokenTree::Ident(word) if word == "fn" => found.functions.extend(function(tree, rest)),
            TokenTree::Ident(word) if UNFINISHED.iter().any(|name| word == name) && is(rest, 0, '!') => {
                found.unfinished.push((line(tree), word.to_string()));
            }
            TokenTree::Ident(word) if word == "thread" && names_sleep(rest) => found.sleeps.push(line(tree)),
            TokenTree::Punct(mark) if mark.as_char() == '#' => attribute(rest, found),
            TokenTree::Literal(literal) => {
                found.literals.push(literal.span().start().line..literal.span().end().line);
            }
            _ => {}
        }
        if let TokenTree::Group(group) = tree {
            walk(group.stream(), found);
        }
    }
}

/// `fn name .. { body }`; a declaration without body and the type `fn(..)` are none.
fn function(tree: &TokenTree, rest: &[TokenTree]) -> Option<Function> {
    let TokenTree::Ident(name) = rest.first()? else { return None };
    let end = rest.iter().find(|tree| is_semicolon(tree) || brace(tree).is_some())?;
    let first = line(tree);
    let last = brace(end)?.span_close().end().line;
    Some(Function { name: name.to_string(), line: first, line_count: last - first + 1 })
}

/// `thread::sleep`, or `thread::{.., sleep, ..}`.
fn names_sleep(rest: &[TokenTree]) -> bool {
    is(rest, 0, ':') && is(rest, 1, ':') && rest.get(2).is_some_and(|tree| mentions(tree, "sleep"))
}

fn attribute(rest: &[TokenTree], found: &mut Tokens) {
    let start = usize::from(is(rest, 0, '!'));
    let Some(tree @ TokenTree::Group(group)) = rest.get(start) else { return };
    if group.delimiter() == Delimiter::Bracket && !mentions(tree, "reason") {
        let kind = ["allow", "expect"].into_iter().find(|name| calls(group, name));
        found.unargued.extend(kind.map(|name| (line(tree), name.to_owned())));
    }
}

/// Tells whether `name(..)` stands anywhere in the group: plain, or inside a `cfg_attr`.
fn calls(group: &Group, name: &str) -> bool {
    let trees: Vec<TokenTree> = group.stream().into_iter().collect();
    let here = trees.windows(2).any(|pair| is_word(&pair[0], name) && matches!(pair[1], TokenTree::Group(_)));
    here || trees.iter().any(|tree| matches!(tree, TokenTree::Group(inner) if calls(inner, name)))
}

fn mentions(tree: &TokenTree, name: &str) -> bool {
    match tree {
        TokenTree::Group(group) => group.stream().into_iter().any(|tree| mentions(&tree, name)),
        word => is_word(word, name),
    }
}

fn is_word(tree: &TokenTree, name: &str) -> bool {
    matches!(tree, TokenTree::Ident(word) if word == name)
}

fn is(trees: &[TokenTree], index: usize, mark: char) -> bool {
    matches!(trees.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn is_semicolon(tree: &TokenTree) -> bool {
    is(std::slice::from_ref(tree), 0, ';')
}

fn brace(tree: &TokenTree) -> Option<&Group> {
    match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}

fn line(tree: &TokenTree) -> usize {
    tree.span().start().line
}
