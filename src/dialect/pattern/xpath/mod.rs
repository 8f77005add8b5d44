//! XPath 1.0 as a filter: whether a body is XML and an expression holds in it.
//!
//! Namespaces are not looked at: a name without a prefix fits an element of any prefix, and one
//! with a prefix the name as it is written. So `//project` finds the project of a `pom.xml`, which
//! declares a namespace for all of it. Variables, `id()`, `lang()` and the namespace axis are not
//! taken and are refused by name.
//!
//! Written here because an expression comes from a model and so does often the body: every step
//! is counted, and an expression that takes too many for the length of the body holds for nothing.

mod evaluate;
mod function;
mod parse;
#[cfg(test)]
mod tests;

use super::xml::Document;
use evaluate::Evaluation;
use function::Function;

/// An expression that was understood.
#[derive(Debug)]
pub(super) struct XPath(Expr);

#[derive(Debug)]
enum Expr {
    Number(f64),
    Text(String),
    Path(Path),
    Call(Function, Vec<Expr>),
    Negate(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Compare(Comparison),
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Union,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
struct Path {
    start: Start,
    steps: Vec<Step>,
}

/// Where the first step of a path begins.
#[derive(Debug)]
enum Start {
    Root,
    Here,
    /// At the nodes of an expression for which the predicates hold.
    At {
        nodes: Box<Expr>,
        predicates: Vec<Expr>,
    },
}

#[derive(Debug)]
struct Step {
    axis: Axis,
    test: Test,
    predicates: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Parent,
    Ancestor,
    AncestorOrSelf,
    Following,
    FollowingSibling,
    Preceding,
    PrecedingSibling,
    Itself,
    Attribute,
}

/// Which nodes of an axis are meant.
#[derive(Debug)]
enum Test {
    /// Elements, or attributes on their axis, of any name.
    AnyName,
    /// Of any name with this prefix.
    Prefix(String),
    /// Of this name: the whole one if it has a prefix, else what is behind the prefix.
    Name(String),
    AnyNode,
    Text,
    Comment,
    /// A processing instruction, for this target or for any.
    Instruction(Option<String>),
}

impl XPath {
    /// Understands an expression, or says why not.
    pub(super) fn parse(expression: &str) -> Result<Self, String> {
        parse::parse(expression).map(Self)
    }

    /// Whether `body` is XML and the expression yields a node, or something else that is true.
    pub(super) fn matches(&self, body: &str) -> bool {
        Document::read(body)
            .is_some_and(|document| Evaluation::of(&document, body.len()).holds(&self.0))
    }
}
