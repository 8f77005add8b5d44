use super::*;

const SHOP: &str = "\
<?xml version=\"1.0\"?>
<shop xmlns=\"urn:shop\" xmlns:x=\"urn:x\">
  <!-- open -->
  <book id=\"1\" x:lang=\"de\"><title>Rust</title><price>30</price></book>
  <book id=\"2\"><title>Go &amp; C</title><price>20</price></book>
  <x:note>last <b>one</b></x:note>
  <?print all?>
</shop>
";

fn holds(expression: &str, body: &str) -> bool {
    XPath::parse(expression).unwrap().matches(body)
}

#[test]
fn an_expression_holds_in_a_document_or_not() {
    for (expression, expected) in [
        ("//book", true),
        ("//car", false),
        ("//shop/book/title", true),
        ("//shop/title", false),
        ("//shop//title", true),
        ("//book[@id='2']", true),
        ("//book[@id='3']", false),
        ("//@id", true),
        ("//@x:lang", true),
        ("//@lang", true),
        ("//book/@*", true),
        ("//title/@*", false),
        ("//book[2][title='Go & C']", true),
        ("//book[3]", false),
        ("//book[last()]/@id = 2", true),
        ("//book[position()>1][@id='2']", true),
        ("//book[position()>2]", false),
        ("(//title)[2]", true),
        ("(//title)[3]", false),
        ("//title[contains(., 'us')]", true),
        ("//title[starts-with(text(), 'R')]", true),
        ("//title[not(contains(., 't'))]", true),
        ("//title[string-length() = 4]", true),
        ("//book[price > 25]", true),
        ("//book[price > 30]", false),
        ("//book[30 <= price]", true),
        ("//book[price * 2 - 10 = 50 and @id]", true),
        ("//book[price div 7 > 5 or price mod 7 = 6]", true),
        ("count(//book) = 2", true),
        ("sum(//price) = 50", true),
        ("//price < //price", true),
        ("//title = //price", false),
        ("//price != //price", true),
        ("//book[-price = -20]", true),
        ("//car | //note", true),
        ("//x:note", true),
        ("//x:*", true),
        ("//y:note", false),
        ("//note[. = 'last one']", true),
        (
            "//note[normalize-space(concat(' ', ., ' ')) = 'last one']",
            true,
        ),
        ("//b[name(..) = 'x:note' and local-name(..) = 'note']", true),
        ("//b/ancestor::shop", true),
        ("//b/ancestor-or-self::b", true),
        ("//b/parent::shop", false),
        ("//book[following-sibling::book]/@id = 1", true),
        ("//book[preceding-sibling::book]/@id = 1", false),
        ("//note/preceding-sibling::*[1]/@id = 2", true),
        ("//title/following::b", true),
        ("//title/preceding::b", false),
        ("//b/preceding::title", true),
        ("//b/preceding::note", false),
        ("//self::title", true),
        ("//descendant::title[2]", true),
        ("//shop/descendant-or-self::shop", true),
        ("//attribute::id", true),
        ("//comment()[contains(., 'open')]", true),
        ("//processing-instruction('print')", true),
        ("//processing-instruction('other')", false),
        ("//text()[. = 'Rust']", true),
        ("//node()", true),
        ("/", true),
        ("/shop", true),
        ("/book", false),
        ("//..", true),
        ("//.", true),
        ("substring('12345', 2, 3) = '234'", true),
        ("substring('12345', 1.5, 2.6) = '234'", true),
        ("substring('12345', 0 div 0) = ''", true),
        (
            "substring-before('a/b', '/') = 'a' and substring-after('a/b', '/') = 'b'",
            true,
        ),
        ("translate('bar', 'abc', 'AB') = 'BAr'", true),
        (
            "round(2.5) = 3 and round(-2.5) = -2 and floor(-0.5) = -1 and ceiling(0.5) = 1",
            true,
        ),
        ("number('1e3') = 1000", false),
        ("string(1 div 0) = 'Infinity' and string(4) = '4'", true),
        ("true() and not(false()) and boolean('x')", true),
        ("count(//and) + count(//div) = 0", true),
    ] {
        assert_eq!(holds(expression, SHOP), expected, "{expression}");
    }
}

#[test]
fn nothing_holds_in_what_is_no_xml() {
    for body in ["", "plain", "{\"a\": 1}", "<a>", "<a></b>"] {
        assert!(!holds("//a | true()", body), "{body}");
    }
}

#[test]
fn what_is_no_expression_is_refused_by_name() {
    for (expression, reason) in [
        ("//", "a name is missing at the end"),
        ("//a[", "a name is missing at the end"),
        ("//a[1", "`]` is missing at the end"),
        ("//a]", "`]` is not expected there"),
        ("//a b", "`b` is not expected there"),
        ("//a['x]", "the quote ' is not closed"),
        ("//std::vector", "there is no axis `std`"),
        ("//a[frobnicate(b)]", "there is no function `frobnicate`"),
        ("//a[contains(b)]", "`contains` does not take 1 arguments"),
        ("//a[count()]", "`count` does not take 0 arguments"),
        ("//a[$x]", "`$` is not expected there"),
        ("//a/name()", "`name()` is no step"),
        ("//a[1.2.3]", "`1.2.3` is no number"),
    ] {
        assert_eq!(
            XPath::parse(expression).unwrap_err(),
            reason,
            "{expression}"
        );
    }
    let deep = ["//a", &"[b".repeat(17), &"]".repeat(17)].concat();
    assert_eq!(
        XPath::parse(&deep).unwrap_err(),
        "it is nested more than 16 deep"
    );
    let long = ["//a", &"|a".repeat(65)].concat();
    assert_eq!(
        XPath::parse(&long).unwrap_err(),
        "it has more than 64 operators"
    );
}

#[test]
fn a_document_may_be_nested_as_deep_as_it_likes() {
    let depth = 100_000;
    let deep = ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
    assert!(holds("//a/a", &deep));
}

/// A quadratic expression would take minutes here, and nobody would wait for this test.
#[test]
fn an_expression_that_takes_too_many_steps_holds_for_nothing() {
    let flat = ["<r>", &"<a>x</a>".repeat(1 << 14), "</r>"].concat();
    for expression in [
        "//a[preceding::b]",
        "//a[following-sibling::b]",
        "//a[//a[//a[//b]]]",
        "//a[contains(string(/), 'yy')]",
        "//*[//* = 'y']",
    ] {
        assert!(!holds(expression, &flat), "{expression}");
    }
    assert!(holds("//a[. = 'x' and not(contains(., 'y'))][1]", &flat));
}
