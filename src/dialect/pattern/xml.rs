//! A body that is XML, as a list of nodes in document order. Only what XPath asks about is read:
//! the names as they are written, no namespaces; a document type is passed over, and references
//! that it would declare stay as they are.
//!
//! **Invariant**: no recursion, and one look at each byte: deep nesting costs nothing.

use std::borrow::Cow;

use crate::dialect::entity;

/// A document. The first node is its root, which is no element.
#[derive(Debug)]
pub(super) struct Document<'t> {
    pub(super) nodes: Vec<Node<'t>>,
}

/// A node; its descendants, the attributes first, are the nodes from behind it to `end`.
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) kind: Kind<'t>,
    /// The root is its own parent.
    pub(super) parent: usize,
    pub(super) end: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Root,
    Element { name: &'t str },
    Attribute { name: &'t str, value: Cow<'t, str> },
    Text(Cow<'t, str>),
    Comment(&'t str),
    Instruction { target: &'t str, data: &'t str },
}

impl<'t> Document<'t> {
    /// Reads a text; `None` if it is no XML.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let mut reader = Reader {
            rest: text.trim_start_matches('\u{feff}'),
            nodes: Vec::new(),
            open: Vec::new(),
        };
        reader.push(Kind::Root);
        reader.open.push(0);
        while !reader.rest.is_empty() {
            reader.step()?;
        }
        reader.finish()
    }
}

struct Reader<'t> {
    rest: &'t str,
    nodes: Vec<Node<'t>>,
    /// The root and the elements that are open here.
    open: Vec<usize>,
}

impl<'t> Reader<'t> {
    fn finish(mut self) -> Option<Document<'t>> {
        let elements = |node: &&Node<'_>| matches!(node.kind, Kind::Element { .. });
        let top = |node: &&Node<'_>| node.parent == 0;
        if self.open != [0] || self.nodes.iter().filter(top).filter(elements).count() != 1 {
            return None;
        }
        self.nodes[0].end = self.nodes.len();
        Some(Document { nodes: self.nodes })
    }

    fn push(&mut self, kind: Kind<'t>) -> usize {
        let at = self.nodes.len();
        let parent = self.open.last().copied().unwrap_or(0);
        let end = at + 1;
        self.nodes.push(Node { kind, parent, end });
        at
    }

    /// Reads up to the next mark and the mark.
    fn step(&mut self) -> Option<()> {
        let at = self.rest.find('<').unwrap_or(self.rest.len());
        let text = self.skip(at);
        self.text(entity::decode(text))?;
        if self.rest.is_empty() {
            Some(())
        } else if self.eat("<!--") {
            let comment = self.until("-->")?;
            self.push(Kind::Comment(comment));
            Some(())
        } else if self.eat("<![CDATA[") {
            let text = self.until("]]>")?;
            (self.open.len() > 1).then(|| self.text(Cow::Borrowed(text)))?
        } else if self.eat("<!DOCTYPE") {
            self.document_type()
        } else if self.eat("<?") {
            self.instruction()
        } else if self.eat("</") {
            self.closer()
        } else {
            self.skip(1);
            self.opener()
        }
    }

    /// A text; outside of the document's element it can only be blank.
    fn text(&mut self, text: Cow<'t, str>) -> Option<()> {
        if self.open.len() == 1 {
            return text.trim().is_empty().then_some(());
        }
        if !text.is_empty() {
            self.push(Kind::Text(text));
        }
        Some(())
    }

    fn instruction(&mut self) -> Option<()> {
        let target = self.name()?;
        let data = self.until("?>")?.trim_start();
        if !target.eq_ignore_ascii_case("xml") {
            self.push(Kind::Instruction { target, data });
        }
        Some(())
    }

    /// Passes over a document type, the declarations between its brackets included.
    fn document_type(&mut self) -> Option<()> {
        let mut quote = None;
        let mut in_brackets = false;
        let end = self.rest.find(|sign: char| {
            match (quote, sign) {
                (Some(open), _) => quote = Some(open).filter(|open| *open != sign),
                (None, '"' | '\'') => quote = Some(sign),
                (None, '[') => in_brackets = true,
                (None, ']') => in_brackets = false,
                (None, '>') => return !in_brackets,
                (None, _) => {}
            }
            false
        })?;
        self.skip(end + 1);
        Some(())
    }

    fn closer(&mut self) -> Option<()> {
        let closed = self.name()?;
        self.blanks();
        let at = *self.open.last()?;
        let matches = matches!(self.nodes[at].kind, Kind::Element { name } if name == closed);
        if !matches || !self.eat(">") {
            return None;
        }
        self.nodes[at].end = self.nodes.len();
        self.open.pop();
        Some(())
    }

    fn opener(&mut self) -> Option<()> {
        let name = self.name()?;
        let at = self.push(Kind::Element { name });
        self.open.push(at);
        loop {
            let blanks = self.blanks();
            if self.eat(">") {
                return Some(());
            }
            if self.eat("/>") {
                self.nodes[at].end = self.nodes.len();
                self.open.pop();
                return Some(());
            }
            if blanks == 0 {
                return None;
            }
            self.attribute()?;
        }
    }

    fn attribute(&mut self) -> Option<()> {
        let name = self.name()?;
        self.blanks();
        if !self.eat("=") {
            return None;
        }
        self.blanks();
        let quote = if self.eat("\"") {
            "\""
        } else {
            self.eat("'").then_some("'")?
        };
        let value = self.until(quote)?;
        if value.contains('<') {
            return None;
        }
        let value = entity::decode(value);
        self.push(Kind::Attribute { name, value });
        Some(())
    }

    fn name(&mut self) -> Option<&'t str> {
        let starts = |sign: char| sign.is_alphabetic() || matches!(sign, '_' | ':');
        if !self.rest.starts_with(starts) {
            return None;
        }
        let ends =
            |sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | ':' | '-' | '.' | '·'));
        Some(self.skip(self.rest.find(ends).unwrap_or(self.rest.len())))
    }

    fn blanks(&mut self) -> usize {
        let length = self.rest.len() - self.rest.trim_start().len();
        self.skip(length).len()
    }

    fn eat(&mut self, mark: &str) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, mark: &str) -> Option<&'t str> {
        let (before, rest) = self.rest.split_once(mark)?;
        self.rest = rest;
        Some(before)
    }

    fn skip(&mut self, length: usize) -> &'t str {
        let (skipped, rest) = self.rest.split_at(length);
        self.rest = rest;
        skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_xml_or_not() {
        for (text, expected) in [
            ("<a/>", true),
            (
                "\u{feff}<?xml version=\"1.0\"?>\n<!-- c --><a b='1'>x &amp; <c/></a>\n",
                true,
            ),
            (
                "<!DOCTYPE plist PUBLIC \"-//A//DTD > 1.0//EN\" \"u\"><plist/>",
                true,
            ),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", true),
            ("<a><![CDATA[<b>]]></a >", true),
            ("<über straße='1'/>", true),
            ("", false),
            ("text", false),
            ("<a>", false),
            ("<a></b>", false),
            ("<a/><b/>", false),
            ("<a b=c/>", false),
            ("<a b='<'/>", false),
            ("<a b='1'c='2'/>", false),
            ("<a/>x", false),
            ("<a", false),
            ("a < b", false),
            ("<a><!-- </a>", false),
        ] {
            assert_eq!(Document::read(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn the_nodes_stand_in_document_order() {
        let document = Document::read("<a b='&lt;'>x<c/><?p q?></a>").unwrap();
        let attribute = |name, value: &'static str| Kind::Attribute {
            name,
            value: value.into(),
        };
        let nodes: Vec<_> = document
            .nodes
            .iter()
            .map(|node| (&node.kind, node.parent, node.end))
            .collect();
        let instruction = Kind::Instruction {
            target: "p",
            data: "q",
        };
        assert_eq!(
            nodes,
            [
                (&Kind::Root, 0, 6),
                (&Kind::Element { name: "a" }, 0, 6),
                (&attribute("b", "<"), 1, 3),
                (&Kind::Text("x".into()), 1, 4),
                (&Kind::Element { name: "c" }, 1, 5),
                (&instruction, 1, 6),
            ]
        );
    }
}
