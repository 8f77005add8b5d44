//! From the text of an expression to what it means, by recursive descent. Whether `*` and `and`
//! are names or operators is decided by where they stand, so the tokens need not know.

use super::{Axis, Comparison, Expr, Function, Operator, Path, Start, Step, Test};

/// How deep predicates, parentheses and arguments may be nested.
const MAX_NESTED: usize = 16;

/// How many operators an expression may have.
const MAX_OPERATORS: usize = 64;

const SIGNS: [&str; 21] = [
    "//", "::", "..", "!=", "<=", ">=", "/", "(", ")", "[", "]", ".", "@", ",", "|", "+", "-", "=",
    "<", ">", "*",
];

#[derive(Debug, Clone, PartialEq)]
enum Token<'p> {
    Sign(&'static str),
    Name(&'p str),
    Number(f64),
    Text(&'p str),
}

pub(super) fn parse(expression: &str) -> Result<Expr, String> {
    let mut parser = Parser {
        tokens: tokens(expression)?,
        position: 0,
        nested: 0,
        operators: 0,
    };
    let parsed = parser.expression()?;
    match parser.peek() {
        None => Ok(parsed),
        Some(token) => Err(format!("{} is not expected there", shown(token))),
    }
}

fn tokens(mut rest: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(sign) = rest.chars().next() else {
            return Ok(tokens);
        };
        let number = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let digits = rest.get(..2).unwrap_or(rest);
        let (token, length) = if digits
            .trim_start_matches('.')
            .starts_with(|c: char| c.is_ascii_digit())
        {
            let text = &rest[..number];
            let value = text.parse().map_err(|_| format!("`{text}` is no number"))?;
            (Token::Number(value), number)
        } else if matches!(sign, '"' | '\'') {
            let inner = &rest[1..];
            let end = inner
                .find(sign)
                .ok_or_else(|| format!("the quote {sign} is not closed"))?;
            (Token::Text(&inner[..end]), end + 2)
        } else if is_name_start(sign) {
            let length = name_length(rest);
            (Token::Name(&rest[..length]), length)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(format!("`{sign}` is not expected there"));
        };
        tokens.push(token);
        rest = &rest[length..];
    }
}

fn is_name_start(sign: char) -> bool {
    sign.is_alphabetic() || sign == '_'
}

/// The length of a name with its prefix; `prefix:*` is a name too.
fn name_length(text: &str) -> usize {
    let part = |text: &str| {
        let ends = |sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '-' | '.'));
        text.find(ends).unwrap_or(text.len())
    };
    let first = part(text);
    match text[first..].strip_prefix(':') {
        Some(local) if local.starts_with('*') => first + 2,
        Some(local) if local.starts_with(is_name_start) => first + 1 + part(local),
        _ => first,
    }
}

fn shown(token: &Token<'_>) -> String {
    match token {
        Token::Sign(sign) => format!("`{sign}`"),
        Token::Name(name) => format!("`{name}`"),
        Token::Number(number) => format!("`{number}`"),
        Token::Text(text) => format!("the text `{text}`"),
    }
}

/// The operators, those that bind least first.
const LEVELS: [&[(&str, Operator)]; 7] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[
        ("=", Operator::Compare(Comparison::Equal)),
        ("!=", Operator::Compare(Comparison::NotEqual)),
    ],
    &[
        ("<=", Operator::Compare(Comparison::LessOrEqual)),
        (">=", Operator::Compare(Comparison::GreaterOrEqual)),
        ("<", Operator::Compare(Comparison::Less)),
        (">", Operator::Compare(Comparison::Greater)),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[
        ("*", Operator::Multiply),
        ("div", Operator::Divide),
        ("mod", Operator::Remainder),
    ],
    &[("|", Operator::Union)],
];

/// The level whose operands may have a minus before them.
const NEGATED: usize = 6;

struct Parser<'p> {
    tokens: Vec<Token<'p>>,
    position: usize,
    nested: usize,
    operators: usize,
}

impl<'p> Parser<'p> {
    fn peek(&self) -> Option<&Token<'p>> {
        self.tokens.get(self.position)
    }

    fn is_next(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(next)) if *next == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is_next = self.is_next(sign);
        self.position += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.eat(sign) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => format!("`{sign}` is missing before {}", shown(token)),
            None => format!("`{sign}` is missing at the end"),
        })
    }

    fn expression(&mut self) -> Result<Expr, String> {
        self.nested += 1;
        if self.nested > MAX_NESTED {
            return Err(format!("it is nested more than {MAX_NESTED} deep"));
        }
        let expression = self.binary(0)?;
        self.nested -= 1;
        Ok(expression)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        if level == NEGATED && self.eat("-") {
            self.count_operator()?;
            return Ok(Expr::Negate(Box::new(self.binary(level)?)));
        }
        let Some(operators) = LEVELS.get(level) else {
            return self.path();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            self.count_operator()?;
            let right = self.binary(level + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let (Token::Sign(written) | Token::Name(written)) = self.peek()? else {
            return None;
        };
        let (_, operator) = operators.iter().find(|(name, _)| name == written)?;
        self.position += 1;
        Some(*operator)
    }

    fn count_operator(&mut self) -> Result<(), String> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(format!("it has more than {MAX_OPERATORS} operators"));
        }
        Ok(())
    }

    fn path(&mut self) -> Result<Expr, String> {
        let mut steps = Vec::new();
        let start = if let Some(nodes) = self.primary()? {
            let predicates = self.predicates()?;
            if predicates.is_empty() && !self.is_next("/") && !self.is_next("//") {
                return Ok(nodes);
            }
            let nodes = Box::new(nodes);
            Start::At { nodes, predicates }
        } else if self.is_next("//") {
            Start::Root
        } else if self.eat("/") {
            if self.begins_step() {
                steps.push(self.step()?);
            }
            Start::Root
        } else {
            steps.push(self.step()?);
            Start::Here
        };
        loop {
            if self.eat("//") {
                steps.push(Step {
                    axis: Axis::DescendantOrSelf,
                    test: Test::AnyNode,
                    predicates: Vec::new(),
                });
            } else if !self.eat("/") {
                return Ok(Expr::Path(Path { start, steps }));
            }
            steps.push(self.step()?);
        }
    }

    /// What is no path: a number, a text, a call, an expression in parentheses.
    fn primary(&mut self) -> Result<Option<Expr>, String> {
        let expression = match self.peek() {
            Some(Token::Number(number)) => Expr::Number(*number),
            Some(Token::Text(text)) => Expr::Text((*text).to_owned()),
            Some(Token::Sign("(")) => {
                self.position += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(Some(inner));
            }
            Some(Token::Name(name)) if self.is_call() && node_test(name).is_none() => {
                let name = *name;
                self.position += 2;
                return self.call(name).map(Some);
            }
            _ => return Ok(None),
        };
        self.position += 1;
        Ok(Some(expression))
    }

    fn is_call(&self) -> bool {
        matches!(self.tokens.get(self.position + 1), Some(Token::Sign("(")))
    }

    fn call(&mut self, name: &str) -> Result<Expr, String> {
        let function =
            Function::from_name(name).ok_or_else(|| format!("there is no function `{name}`"))?;
        let mut arguments = Vec::new();
        if !self.eat(")") {
            arguments.push(self.expression()?);
            while self.eat(",") {
                arguments.push(self.expression()?);
            }
            self.expect(")")?;
        }
        if !function.arguments().contains(&arguments.len()) {
            let count = arguments.len();
            return Err(format!("`{name}` does not take {count} arguments"));
        }
        Ok(Expr::Call(function, arguments))
    }

    fn begins_step(&self) -> bool {
        matches!(
            self.peek(),
            Some(Token::Name(_) | Token::Sign("*" | "@" | "." | ".."))
        )
    }

    fn step(&mut self) -> Result<Step, String> {
        for (sign, axis) in [(".", Axis::Itself), ("..", Axis::Parent)] {
            if self.eat(sign) {
                return Ok(Step {
                    axis,
                    test: Test::AnyNode,
                    predicates: self.predicates()?,
                });
            }
        }
        Ok(Step {
            axis: self.axis()?,
            test: self.test()?,
            predicates: self.predicates()?,
        })
    }

    fn axis(&mut self) -> Result<Axis, String> {
        if self.eat("@") {
            return Ok(Axis::Attribute);
        }
        let Some(Token::Name(name)) = self.peek() else {
            return Ok(Axis::Child);
        };
        if !matches!(self.tokens.get(self.position + 1), Some(Token::Sign("::"))) {
            return Ok(Axis::Child);
        }
        let axis = Axis::from_name(name).ok_or_else(|| format!("there is no axis `{name}`"))?;
        self.position += 2;
        Ok(axis)
    }

    fn test(&mut self) -> Result<Test, String> {
        if self.eat("*") {
            return Ok(Test::AnyName);
        }
        let Some(Token::Name(name)) = self.peek() else {
            return Err(match self.peek() {
                Some(token) => format!("a name is missing before {}", shown(token)),
                None => "a name is missing at the end".to_owned(),
            });
        };
        let name = *name;
        if self.is_call() {
            let test = node_test(name).ok_or_else(|| format!("`{name}()` is no step"))?;
            self.position += 2;
            return self.end_of_node_test(test);
        }
        self.position += 1;
        Ok(match name.strip_suffix(":*") {
            Some(prefix) => Test::Prefix(prefix.to_owned()),
            None => Test::Name(name.to_owned()),
        })
    }

    /// Only `processing-instruction` takes an argument.
    fn end_of_node_test(&mut self, test: Test) -> Result<Test, String> {
        let test = match (test, self.peek()) {
            (Test::Instruction(_), Some(Token::Text(target))) => {
                let target = (*target).to_owned();
                self.position += 1;
                Test::Instruction(Some(target))
            }
            (test, _) => test,
        };
        self.expect(")")?;
        Ok(test)
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, String> {
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.expression()?);
            self.expect("]")?;
        }
        Ok(predicates)
    }
}

fn node_test(name: &str) -> Option<Test> {
    Some(match name {
        "node" => Test::AnyNode,
        "text" => Test::Text,
        "comment" => Test::Comment,
        "processing-instruction" => Test::Instruction(None),
        _ => return None,
    })
}

impl Axis {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "child" => Self::Child,
            "descendant" => Self::Descendant,
            "descendant-or-self" => Self::DescendantOrSelf,
            "parent" => Self::Parent,
            "ancestor" => Self::Ancestor,
            "ancestor-or-self" => Self::AncestorOrSelf,
            "following" => Self::Following,
            "following-sibling" => Self::FollowingSibling,
            "preceding" => Self::Preceding,
            "preceding-sibling" => Self::PrecedingSibling,
            "self" => Self::Itself,
            "attribute" => Self::Attribute,
            _ => return None,
        })
    }
}
