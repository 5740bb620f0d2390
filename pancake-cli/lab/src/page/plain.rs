//! A page's Markdown for a terminal without colours: wrapped prose, nothing that needs a mouse.

use std::fmt::{self, Write as _};

use comrak::{
    Arena,
    nodes::{AstNode, ListType, NodeValue},
};

use super::options;

/// Markdown as plain text, wrapped at `width` columns.
pub fn plain(markdown: &str, width: usize) -> String {
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options());
    let mut out = String::new();
    for node in root.children() {
        block(node, "", width.max(20), &mut out);
    }
    out.trim_end().to_owned()
}

fn block<'a>(node: &'a AstNode<'a>, indent: &str, width: usize, out: &mut String) {
    let value = node.data.borrow().value.clone();
    match value {
        NodeValue::Heading(heading) => {
            let text = inline(node);
            let line = if heading.level == 1 { "=" } else { "-" };
            let length = text.chars().count();
            add(out, format_args!("{indent}{text}\n{indent}{}\n\n", line.repeat(length)));
        }
        NodeValue::Paragraph => {
            wrap(&inline(node), indent, indent, width, out);
            out.push('\n');
        }
        NodeValue::CodeBlock(code) => {
            for line in code.literal.lines() {
                add(out, format_args!("{indent}    {line}\n"));
            }
            out.push('\n');
        }
        NodeValue::List(list) => {
            for (index, item) in node.children().enumerate() {
                let mark = match list.list_type {
                    ListType::Bullet => "- ".to_owned(),
                    ListType::Ordered => format!("{}. ", list.start + index),
                };
                list_item(item, indent, &mark, width, out);
            }
            out.push('\n');
        }
        NodeValue::BlockQuote => {
            for child in node.children() {
                block(child, &format!("{indent}| "), width, out);
            }
        }
        NodeValue::Table(_) => {
            for row in node.children() {
                let cells: Vec<String> = row.children().map(inline).collect();
                add(out, format_args!("{indent}{}\n", cells.join(" | ")));
            }
            out.push('\n');
        }
        NodeValue::ThematicBreak => add(out, format_args!("{indent}---\n\n")),
        NodeValue::HtmlBlock(html) => {
            add(out, format_args!("{indent}{}\n", html.literal.trim_end()));
        }
        _ => {}
    }
}

fn list_item<'a>(item: &'a AstNode<'a>, indent: &str, mark: &str, width: usize, out: &mut String) {
    let deeper = format!("{indent}{}", " ".repeat(mark.len()));
    for (index, child) in item.children().enumerate() {
        if index == 0 && matches!(child.data.borrow().value, NodeValue::Paragraph) {
            wrap(&inline(child), &format!("{indent}{mark}"), &deeper, width, out);
        } else {
            block(child, &deeper, width, out);
        }
    }
}

/// The text of a node's inline children, with the marks that carry meaning without colours.
fn inline<'a>(node: &'a AstNode<'a>) -> String {
    let mut text = String::new();
    for child in node.children() {
        match &child.data.borrow().value {
            NodeValue::Text(words) => text.push_str(words),
            NodeValue::Code(code) => add(&mut text, format_args!("`{}`", code.literal)),
            NodeValue::SoftBreak => text.push(' '),
            NodeValue::LineBreak => text.push('\n'),
            NodeValue::Strong => add(&mut text, format_args!("**{}**", inline(child))),
            NodeValue::Emph => add(&mut text, format_args!("*{}*", inline(child))),
            NodeValue::Link(link) => {
                add(&mut text, format_args!("{} <{}>", inline(child), link.url));
            }
            NodeValue::Image(_) => add(&mut text, format_args!("[picture: {}]", inline(child))),
            NodeValue::HtmlInline(html) => text.push_str(html),
            _ => text.push_str(&inline(child)),
        }
    }
    text
}

fn wrap(text: &str, first: &str, rest: &str, width: usize, out: &mut String) {
    let mut line = first.to_owned();
    let mut begun = false;
    for word in text.split_whitespace() {
        if begun && line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(&line);
            out.push('\n');
            rest.clone_into(&mut line);
            begun = false;
        }
        if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    out.push_str(&line);
    out.push('\n');
}

fn add(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    out.write_fmt(text).unwrap_or_default();
}
