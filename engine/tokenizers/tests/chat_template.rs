//! Chat templates against what `transformers` renders (`data/chat_templates`), and hostile ones.

use proptest::prelude::*;
use serde_json::{json, Value};
use strike_tokenizers::chat_template::{ChatTemplate, ChatTemplateError, Date, Message, MAX_TEMPLATE_BYTES};

fn messages(value: &Value) -> Vec<Message> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = value.as_array().expect("messages");
    list.iter().map(|message| Message { role: text(&message["role"]), content: text(&message["content"]) }).collect()
}

fn user(content: &str) -> Vec<Message> {
    vec![Message { role: "user".to_owned(), content: content.to_owned() }]
}

fn template(source: &str) -> ChatTemplate {
    ChatTemplate::new(source, Some("<s>"), Some("</s>")).unwrap_or_else(|error| panic!("{error}: {source}"))
}

fn rendered(source: &str) -> Result<String, ChatTemplateError> {
    ChatTemplate::new(source, Some("<s>"), None)?.render(&user("hello"), false)
}

fn families() -> Value {
    serde_json::from_str(include_str!("data/chat_templates/rendered.json")).expect("the fixture is JSON")
}

#[test]
fn conversations_are_written_as_transformers_writes_them() {
    for family in families().as_array().expect("families") {
        let template = template(family["template"].as_str().expect("a template"));
        for case in family["cases"].as_array().expect("cases") {
            let prompt = case["prompt"].as_bool().expect("a flag");
            let result = template.render(&messages(&case["messages"]), prompt);
            let name = &family["name"];
            match (result, case["error"].as_str()) {
                (Ok(text), None) => {
                    assert_eq!(Some(text.as_str()), case["text"].as_str(), "{name}: {}", case["messages"])
                }
                (Err(ChatTemplateError::Refused { message }), Some(error)) => assert_eq!(message, error, "{name}"),
                (result, error) => panic!("{name}: {result:?}, expected {error:?}, {}", case["messages"]),
            }
        }
    }
}

#[test]
fn configurations_hold_one_template_or_named_ones() {
    let from = |config: Value, file| ChatTemplate::from_tokenizer_config(config.to_string().as_bytes(), file);
    let shown = |template: Option<ChatTemplate>| template.expect("a template").render(&[], false).expect("it renders");

    let plain =
        json!({"chat_template": "{{ bos_token }}a{{ eos_token }}", "bos_token": "B", "eos_token": {"content": "E"}});
    assert_eq!(shown(from(plain.clone(), None).expect("a text")), "BaE");
    assert_eq!(shown(from(plain, Some("file{{ bos_token }}")).expect("a file")), "fileB");
    let others =
        json!({"chat_template": "{{ pad_token }}{{ unk_token }}", "pad_token": "P", "unk_token": {"content": "U"}});
    assert_eq!(shown(from(others, None).expect("a text")), "PU");
    let named = json!([{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d{{ bos_token }}"}]);
    assert_eq!(shown(from(json!({"chat_template": named}), None).expect("named texts")), "d");
    assert!(from(json!({}), None).expect("no template").is_none());
    assert!(matches!(from(json!({"chat_template": []}), None), Err(ChatTemplateError::NoDefault)));
    for wrong in [json!({"chat_template": 1}), json!({"chat_template": [{"name": "default"}]})] {
        assert!(matches!(from(wrong, None), Err(ChatTemplateError::MalformedConfig { .. })));
    }
    let broken = ChatTemplate::from_tokenizer_config(b"{", None);
    assert!(matches!(broken, Err(ChatTemplateError::MalformedConfig { .. })));
}

#[test]
fn the_day_is_fixed_and_can_be_given() {
    let source = "{{ strftime_now('%d %b %Y') }}";
    assert_eq!(rendered(source).expect("it renders"), "26 Jul 2024");
    let dated = template(source).with_date(Date::new(2026, 2, 3).expect("a day"));
    assert_eq!(dated.render(&[], false).expect("it renders"), "03 Feb 2026");
}

/// What Jinja2 3.1.6 in its sandbox renders.
#[test]
fn what_popular_templates_use_is_as_in_jinja() {
    for (source, expected) in [
        (
            "{{ none is iterable }} {{ 'a' is iterable }} {{ [1] is iterable }} {{ {'a': 1} is iterable }} \
             {{ 3 is iterable }} {{ true is iterable }} {{ missing is iterable }}",
            "False True True True False False True",
        ),
        ("{{ none is not iterable }}", "True"),
        (
            "{% macro f(a, b=['x', 'y'], c='<' ~ '>') %}{{ a }}{{ b|join('+') }}{{ c }}{% endmacro %}{{ f(1) }} \
             {{ f(2, ['z'], c='!') }}",
            "1x+y<> 2z!",
        ),
        ("{% macro f(a, b=a ~ '?') %}{{ a }}{{ b }}{% endmacro %}{{ f('x', 'y') }}", "xy"),
        ("{% macro f(x={'a': [1, 2]}) %}{{ x.a[1] }}{% endmacro %}{{ f() }}", "2"),
        (
            "{{ '{} is {}'.format('a', 3) }} {{ '{1}{0}{1}'.format('a', 'b') }} \
             {{ '{name}: {{{0}}}'.format(true, name=none) }}",
            "a is 3 bab None: {True}",
        ),
    ] {
        assert_eq!(rendered(source).expect(source), expected, "{source}");
    }
    for wrong in ["{{ '{'.format(1) }}", "{{ '}'.format(1) }}", "{{ '{}{}'.format(1) }}", "{{ '{:>9}'.format(1) }}"] {
        assert!(matches!(rendered(wrong), Err(ChatTemplateError::Failed { .. })), "{wrong}");
    }
}

#[test]
fn long_text_stands_beside_macros() {
    for unit in ["word ", "äöü{ ", "a\n  b\n", "x"] {
        let text = unit.repeat(12_000 / unit.len());
        let source = format!(
            "{{% macro f() %}}[{text}]{{% endmacro %}}{{{{- f() -}}}} {text}  {{%- if true %}}\n!{{% endif %}}"
        );
        let plain = format!("[{}]{}!", text.trim_start_matches('\n'), text.trim());
        assert_eq!(rendered(&source).expect("it renders"), plain, "{unit:?}");
    }
    // Nothing but white space cannot be told apart from what tags trim.
    let spaces = " ".repeat(5_000);
    assert_eq!(rendered(&format!("a{spaces}b")).expect("it renders"), format!("a{spaces}b"));
    assert!(rendered(&spaces).is_err());
}

#[test]
fn templates_that_take_too_much_are_stopped() {
    for source in [
        // Steps.
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro f(a) %}{{ f(a) }}{% endmacro %}{{ f(1) }}",
        // Output.
        "{% for a in range(5000) %}{{ 'x' * 1000 }}{% endfor %}",
        // Strings that double.
        "{% set ns = namespace(x='abc') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x='abc') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for a in range(99) %}{% set ns.x = ns.x.replace('a', 'aa') %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for a in range(99) %}{% set ns.x = ns.x|replace('a', 'aa') %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for a in range(99) %}{% set ns.x = ns.x|list|join(ns.x) %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for a in range(99) %}{% set ns.x = ns.x.join(ns.x|list) %}{% endfor %}",
        "{% macro f(x) %}{{ f(x ~ x) }}{% endmacro %}{{ f('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') }}",
        "{% set x %}{% for a in range(9999) %}{{ 'x' * 9999 }}{% endfor %}{% endset %}{{ x }}",
        "{% macro f(x=('x' * 99999999)|upper) %}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(x='aa') %}{% for a in range(99) %}{% set ns.x = '{}{}'.format(ns.x, ns.x) %}{% endfor %}",
        "{{ 'x' * 99999999 }}",
        "{{ ('x' * 99999999) | upper }}",
        "{{ 'x' | indent(99999999, first=true) }}",
        // Lists that double, and that nest.
        "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(9999) %}{% set ns.x = {'a': ns.x} %}{% endfor %}{{ ns.x|tojson }}",
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns.x }}",
        "{{ range(99999)|list|map('string')|list|join('x' * 99999) }}",
    ] {
        let result = rendered(source);
        // The interpreter's own bounds, of recursion and of repeated strings, are no error of their own.
        let stopped = matches!(result, Err(ChatTemplateError::Exhausted { .. } | ChatTemplateError::Failed { .. }));
        assert!(stopped, "{source}: {:?}", result.map(|text| text.len()));
    }
    let long = "x".repeat(MAX_TEMPLATE_BYTES + 1);
    assert!(matches!(rendered(&long), Err(ChatTemplateError::TooLarge { .. })));
    let crowd = vec![user("x").remove(0); 2000];
    assert!(matches!(template("").render(&crowd, false), Err(ChatTemplateError::TooLarge { .. })));
    let loud = user(&"x".repeat(5 << 20));
    assert!(matches!(template("").render(&loud, false), Err(ChatTemplateError::TooLarge { .. })));
}

#[test]
fn long_conversations_render() {
    let mut conversation = Vec::new();
    for turn in 0..1000 {
        let role = if turn % 2 == 0 { "user" } else { "assistant" };
        conversation.push(Message { role: role.to_owned(), content: "word ".repeat(100) });
    }
    for family in families().as_array().expect("families") {
        let template = template(family["template"].as_str().expect("a template"));
        let text = template.render(&conversation, true).unwrap_or_else(|error| panic!("{}: {error}", family["name"]));
        assert!(text.len() > 100);
    }
}

#[test]
fn malformed_templates_name_what_is_wrong() {
    for source in ["{% if %}", "{{ x", "{% endfor %}", "{{ x | no_such_filter }}", "{% include 'x' %}", "{{ 1 + }}"] {
        let error = rendered(source).expect_err("it is malformed");
        assert!(
            matches!(error, ChatTemplateError::MalformedTemplate { .. } | ChatTemplateError::Failed { .. }),
            "{error}"
        );
    }
    let refused = rendered("{{ raise_exception('no ' ~ messages[0].role) }}").expect_err("it refuses");
    assert_eq!(refused.to_string(), "chat template: no user");
    let inside = rendered("{% macro f() %}{{ raise_exception('no') }}{% endmacro %}{{ f() }}").expect_err("it refuses");
    assert!(matches!(inside, ChatTemplateError::Refused { message } if message == "no"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_templates_never_panic(
        which in 0..9_usize, cut in any::<prop::sample::Index>(), flips in prop::collection::vec(any::<(prop::sample::Index, char)>(), 0..4),
    ) {
        let families = families();
        let source = families[which]["template"].as_str().expect("a template");
        let mut characters: Vec<char> = source.chars().collect();
        for (at, character) in flips {
            let at = at.index(characters.len());
            characters[at] = character;
        }
        characters.truncate(cut.index(characters.len()) + 1);
        let source: String = characters.into_iter().collect();
        let _ = rendered(&source);
    }

    #[test]
    fn contents_are_not_templates(content in any::<String>()) {
        let text = template("{{ messages[0].content }}").render(&user(&content), false).expect("it renders");
        prop_assert_eq!(text, content);
    }
}
