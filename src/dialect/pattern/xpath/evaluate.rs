//! An expression carried out on a document. Every node that is looked at and every byte that is
//! copied is paid for; who runs out of steps gets no answer.

use std::collections::HashSet;

use super::{Axis, Comparison, Expr, Operator, Path, Start, Step, Test};
use crate::dialect::pattern::xml::{Document, Kind};

/// Steps that may be made for each byte of the body, and for any body.
const STEPS_A_BYTE: usize = 64;
const STEPS_AT_LEAST: usize = 1 << 12;

/// There were more steps to make than may be made.
#[derive(Debug)]
pub(super) struct Exhausted;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// In document order, each once.
    Nodes(Vec<usize>),
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// What an expression is asked about: a node and its place among those beside it, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) node: usize,
    pub(super) position: usize,
    pub(super) size: usize,
}

pub(super) struct Evaluation<'d> {
    document: &'d Document<'d>,
    steps_left: usize,
}

impl<'d> Evaluation<'d> {
    pub(super) fn of(document: &'d Document<'d>, length: usize) -> Self {
        Self {
            document,
            steps_left: STEPS_AT_LEAST.saturating_add(length.saturating_mul(STEPS_A_BYTE)),
        }
    }

    /// Whether the expression yields a node, or something else that is true.
    pub(super) fn holds(mut self, expression: &Expr) -> bool {
        let root = Context {
            node: 0,
            position: 1,
            size: 1,
        };
        self.value(expression, root)
            .is_ok_and(|value| boolean(&value))
    }

    pub(super) fn pay(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }

    pub(super) fn value(&mut self, expression: &Expr, at: Context) -> Result<Value, Exhausted> {
        self.pay(1)?;
        Ok(match expression {
            Expr::Number(number) => Value::Number(*number),
            Expr::Text(text) => {
                self.pay(text.len())?;
                Value::Text(text.clone())
            }
            Expr::Path(path) => Value::Nodes(self.path(path, at)?),
            Expr::Call(function, arguments) => self.call(*function, arguments, at)?,
            Expr::Negate(inner) => {
                let value = self.value(inner, at)?;
                Value::Number(-self.number(&value)?)
            }
            Expr::Binary(operator, left, right) => self.binary(*operator, left, right, at)?,
        })
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expr,
        right: &Expr,
        at: Context,
    ) -> Result<Value, Exhausted> {
        let left = self.value(left, at)?;
        match operator {
            Operator::Or if boolean(&left) => return Ok(Value::Boolean(true)),
            Operator::And if !boolean(&left) => return Ok(Value::Boolean(false)),
            _ => {}
        }
        let right = self.value(right, at)?;
        let calculation: fn(f64, f64) -> f64 = match operator {
            Operator::Or | Operator::And => return Ok(Value::Boolean(boolean(&right))),
            Operator::Compare(how) => return self.compare(how, &left, &right).map(Value::Boolean),
            Operator::Union => {
                let nodes = [nodes_of(left), nodes_of(right)].concat();
                return self.in_order(nodes).map(Value::Nodes);
            }
            Operator::Add => |left, right| left + right,
            Operator::Subtract => |left, right| left - right,
            Operator::Multiply => |left, right| left * right,
            Operator::Divide => |left, right| left / right,
            Operator::Remainder => |left, right| left % right,
        };
        let (left, right) = (self.number(&left)?, self.number(&right)?);
        Ok(Value::Number(calculation(left, right)))
    }

    fn in_order(&mut self, mut nodes: Vec<usize>) -> Result<Vec<usize>, Exhausted> {
        self.pay(nodes.len())?;
        nodes.sort_unstable();
        nodes.dedup();
        Ok(nodes)
    }

    fn path(&mut self, path: &Path, at: Context) -> Result<Vec<usize>, Exhausted> {
        let mut nodes = match &path.start {
            Start::Root => vec![0],
            Start::Here => vec![at.node],
            Start::At { nodes, predicates } => {
                let nodes = nodes_of(self.value(nodes, at)?);
                self.filtered(nodes, predicates)?
            }
        };
        for step in &path.steps {
            let mut reached = Vec::new();
            for node in nodes {
                reached.append(&mut self.step(step, node)?);
            }
            nodes = self.in_order(reached)?;
        }
        Ok(nodes)
    }

    /// The nodes that a step reaches from `node`, in the order of its axis.
    fn step(&mut self, step: &Step, node: usize) -> Result<Vec<usize>, Exhausted> {
        let mut nodes = self.along(step.axis, node)?;
        nodes.retain(|node| self.passes(step, *node));
        self.filtered(nodes, &step.predicates)
    }

    fn filtered(
        &mut self,
        mut nodes: Vec<usize>,
        predicates: &[Expr],
    ) -> Result<Vec<usize>, Exhausted> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let position = index + 1;
                let at = Context {
                    node,
                    position,
                    size,
                };
                let holds = match self.value(predicate, at)? {
                    Value::Number(number) => is_count(number, position),
                    value => boolean(&value),
                };
                if holds {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    fn along(&mut self, axis: Axis, node: usize) -> Result<Vec<usize>, Exhausted> {
        let all = &self.document.nodes;
        let end = all[node].end;
        let is_attribute = |node: &usize| matches!(all[*node].kind, Kind::Attribute { .. });
        let no_attribute = |node: &usize| !is_attribute(node);
        self.pay(match axis {
            Axis::Descendant | Axis::DescendantOrSelf => end - node,
            Axis::Following => all.len() - end,
            Axis::Preceding => node,
            _ => 1,
        })?;
        Ok(match axis {
            Axis::Itself => vec![node],
            Axis::Parent => self.ancestors(node)?.into_iter().take(1).collect(),
            Axis::Ancestor => self.ancestors(node)?,
            Axis::AncestorOrSelf => [vec![node], self.ancestors(node)?].concat(),
            Axis::Attribute => (node + 1..end).take_while(is_attribute).collect(),
            Axis::Child => self.children(node, no_attribute)?,
            Axis::Descendant => (node + 1..end).filter(no_attribute).collect(),
            Axis::DescendantOrSelf => std::iter::once(node)
                .chain((node + 1..end).filter(no_attribute))
                .collect(),
            Axis::Following => (end..all.len()).filter(no_attribute).collect(),
            Axis::Preceding => (1..node)
                .rev()
                .filter(|other| all[*other].end <= node && no_attribute(other))
                .collect(),
            Axis::FollowingSibling | Axis::PrecedingSibling if is_attribute(&node) => Vec::new(),
            Axis::FollowingSibling => {
                let siblings = self.children(all[node].parent, no_attribute)?;
                siblings.into_iter().filter(|other| *other > node).collect()
            }
            Axis::PrecedingSibling => {
                let siblings = self.children(all[node].parent, no_attribute)?;
                let before = siblings.into_iter().rev();
                before.filter(|other| *other < node).collect()
            }
        })
    }

    fn ancestors(&mut self, mut node: usize) -> Result<Vec<usize>, Exhausted> {
        let mut ancestors = Vec::new();
        while node > 0 {
            self.pay(1)?;
            node = self.document.nodes[node].parent;
            ancestors.push(node);
        }
        Ok(ancestors)
    }

    fn children(
        &mut self,
        parent: usize,
        is_child: impl Fn(&usize) -> bool,
    ) -> Result<Vec<usize>, Exhausted> {
        let nodes = &self.document.nodes;
        let mut children = Vec::new();
        let mut next = parent + 1;
        while next < nodes[parent].end {
            self.pay(1)?;
            if is_child(&next) {
                children.push(next);
            }
            next = nodes[next].end;
        }
        Ok(children)
    }

    fn passes(&self, step: &Step, node: usize) -> bool {
        let kind = &self.document.nodes[node].kind;
        let name = match kind {
            Kind::Element { name } if step.axis != Axis::Attribute => Some(*name),
            Kind::Attribute { name, .. } if step.axis == Axis::Attribute => Some(*name),
            _ => None,
        };
        match &step.test {
            Test::AnyNode => true,
            Test::Text => matches!(kind, Kind::Text(_)),
            Test::Comment => matches!(kind, Kind::Comment(_)),
            Test::Instruction(wanted) => match kind {
                Kind::Instruction { target, .. } => {
                    wanted.as_ref().is_none_or(|wanted| wanted == target)
                }
                _ => false,
            },
            Test::AnyName => name.is_some(),
            Test::Prefix(prefix) => name
                .and_then(|name| name.split_once(':'))
                .is_some_and(|(found, _)| found == prefix),
            Test::Name(wanted) => name.is_some_and(|name| name == wanted || local(name) == wanted),
        }
    }

    /// The name of the first node as it is written; empty for what has none.
    pub(super) fn name(&self, nodes: &[usize]) -> &'d str {
        let document: &'d Document<'d> = self.document;
        match nodes.first().map(|node| &document.nodes[*node].kind) {
            Some(Kind::Element { name } | Kind::Attribute { name, .. }) => name,
            Some(Kind::Instruction { target, .. }) => target,
            _ => "",
        }
    }

    /// What a node says.
    pub(super) fn text_of(&mut self, node: usize) -> Result<String, Exhausted> {
        let document: &'d Document<'d> = self.document;
        let found = &document.nodes[node];
        let mut text = String::new();
        match &found.kind {
            Kind::Root | Kind::Element { .. } => {
                self.pay(found.end - node)?;
                for inner in &document.nodes[node + 1..found.end] {
                    if let Kind::Text(inner) = &inner.kind {
                        self.pay(inner.len())?;
                        text.push_str(inner);
                    }
                }
            }
            Kind::Attribute { value, .. } | Kind::Text(value) => text.push_str(value),
            Kind::Comment(value) | Kind::Instruction { data: value, .. } => text.push_str(value),
        }
        self.pay(text.len())?;
        Ok(text)
    }

    pub(super) fn text(&mut self, value: &Value) -> Result<String, Exhausted> {
        Ok(match value {
            Value::Nodes(nodes) => match nodes.first() {
                Some(first) => self.text_of(*first)?,
                None => String::new(),
            },
            Value::Boolean(boolean) => boolean.to_string(),
            Value::Number(number) if number.is_infinite() && *number > 0.0 => "Infinity".to_owned(),
            Value::Number(number) if number.is_infinite() => "-Infinity".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => {
                self.pay(text.len())?;
                text.clone()
            }
        })
    }

    pub(super) fn number(&mut self, value: &Value) -> Result<f64, Exhausted> {
        Ok(match value {
            Value::Number(number) => *number,
            Value::Boolean(boolean) => f64::from(*boolean),
            Value::Nodes(_) | Value::Text(_) => to_number(&self.text(value)?),
        })
    }

    /// A comparison holds for nodes if it holds for any of them.
    fn compare(&mut self, how: Comparison, left: &Value, right: &Value) -> Result<bool, Exhausted> {
        match (left, right) {
            (Value::Nodes(_), Value::Boolean(_)) | (Value::Boolean(_), Value::Nodes(_)) => {
                let as_boolean = |value| Value::Boolean(boolean(value));
                self.compare_plain(how, &as_boolean(left), &as_boolean(right))
            }
            (Value::Nodes(left), Value::Nodes(right)) => {
                let (left, right) = (self.texts(left)?, self.texts(right)?);
                Ok(any_pair(how, &left, &right))
            }
            (Value::Nodes(nodes), _) => {
                for text in self.texts(nodes)? {
                    if self.compare_plain(how, &Value::Text(text), right)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (_, Value::Nodes(_)) => self.compare(how.mirrored(), right, left),
            _ => self.compare_plain(how, left, right),
        }
    }

    fn texts(&mut self, nodes: &[usize]) -> Result<Vec<String>, Exhausted> {
        nodes.iter().map(|node| self.text_of(*node)).collect()
    }

    fn compare_plain(
        &mut self,
        how: Comparison,
        left: &Value,
        right: &Value,
    ) -> Result<bool, Exhausted> {
        let is_equality = matches!(how, Comparison::Equal | Comparison::NotEqual);
        let equal = match (left, right) {
            (Value::Boolean(_), _) | (_, Value::Boolean(_)) if is_equality => {
                boolean(left) == boolean(right)
            }
            (Value::Text(left), Value::Text(right)) if is_equality => {
                self.pay(left.len().min(right.len()))?;
                left == right
            }
            _ => return Ok(how.holds(self.number(left)?, self.number(right)?)),
        };
        Ok(equal == (how == Comparison::Equal))
    }
}

/// Whether a comparison holds for any two texts: by the set for equality, and for the others by
/// the ends of what is compared.
fn any_pair(how: Comparison, left: &[String], right: &[String]) -> bool {
    let numbers = |texts: &[String]| -> Vec<f64> {
        let numbers = texts.iter().map(|text| to_number(text));
        numbers.filter(|number| !number.is_nan()).collect()
    };
    let least = |numbers: Vec<f64>| numbers.into_iter().reduce(f64::min);
    let most = |numbers: Vec<f64>| numbers.into_iter().reduce(f64::max);
    let (first, second) = match how {
        Comparison::Equal => {
            let set: HashSet<&String> = left.iter().collect();
            return right.iter().any(|text| set.contains(text));
        }
        Comparison::NotEqual => {
            let mut all = left.iter().chain(right);
            let first = all.next();
            return !left.is_empty() && !right.is_empty() && all.any(|text| Some(text) != first);
        }
        Comparison::Less | Comparison::LessOrEqual => (least(numbers(left)), most(numbers(right))),
        Comparison::Greater | Comparison::GreaterOrEqual => {
            (most(numbers(left)), least(numbers(right)))
        }
    };
    matches!((first, second), (Some(first), Some(second)) if how.holds(first, second))
}

impl Comparison {
    /// The comparison with its sides changed.
    const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    #[expect(clippy::float_cmp, reason = "XPath's numbers are equal or not")]
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// The nodes of a value; one of another kind has none.
fn nodes_of(value: Value) -> Vec<usize> {
    match value {
        Value::Nodes(nodes) => nodes,
        _ => Vec::new(),
    }
}

pub(super) fn boolean(value: &Value) -> bool {
    match value {
        Value::Nodes(nodes) => !nodes.is_empty(),
        Value::Boolean(boolean) => *boolean,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
    }
}

pub(super) fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// A count as XPath's kind of number. Counts are far below where these lose exactness.
#[expect(clippy::cast_precision_loss, reason = "no body has 2^52 of anything")]
pub(super) const fn count(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::float_cmp, reason = "a position is a whole number or none")]
fn is_count(number: f64, position: usize) -> bool {
    number == count(position)
}

/// Digits with a point and a minus; everything else is no number.
fn to_number(text: &str) -> f64 {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}
