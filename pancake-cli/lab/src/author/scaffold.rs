//! A lab to begin with: small, whole, and clean under the linter.

use std::collections::BTreeMap;

/// The files of a new lab with this id, by their paths.
pub fn scaffold(id: &str) -> BTreeMap<String, String> {
    let slug = id.split_once('-').map_or(id, |(_, slug)| slug);
    let name = slug.replace('-', "_");
    let fill = |text: &str| text.replace("«id»", id).replace("«name»", &name);
    [
        ("lab.yaml", LAB),
        ("10-first.md", PAGE),
        ("solution/first.yaml", SOLUTION),
        ("wrong/first/wrong-topic.yaml", WRONG_TOPIC),
        ("wrong/first/too-few.yaml", TOO_FEW),
        ("NOTES.md", NOTES),
    ]
    .into_iter()
    .map(|(path, text)| (path.to_owned(), fill(text)))
    .collect()
}

const LAB: &str = r#"format: 1
id: «id»
title: What it is about, in a few words
can_do: say in one sentence what one can do afterwards, so that it can be measured
minutes: 10
difficulty: easy
after: []
covers: []

steps:
  - {id: first, page: 10-first.md, minutes: 5, checks: [three_records]}

checks:
  three_records:
    topic: {name: «name», records: ">= 3"}
    fail: "Topic `«name»` holds {actual.records} records; 3 are needed. Run the cell above."
    hints_when:
      - {if: "!actual.exists", say: "The topic is not there yet: the first command makes it."}
"#;

const PAGE: &str = "# The first step

Say what is, then what it means, then what to do next.

```sh run id=write
pancake topic produce «name» --value one
```

```check three_records
```

```hint for=three_records level=1
How many records does one run of the cell write?
```
";

const SOLUTION: &str = "- cell: write
  text: |
    pancake topic produce «name» --value one
    pancake topic produce «name» --value two
    pancake topic produce «name» --value three
";

const WRONG_TOPIC: &str = "do:
  - cell: write
    text: |
      pancake topic produce «name»s --value one
      pancake topic produce «name»s --value two
      pancake topic produce «name»s --value three
expect: {check: three_records, says: \"not there yet\"}
";

const TOO_FEW: &str = "do:
  - cell: write
    text: |
      pancake topic produce «name» --value one
      pancake topic produce «name» --value two
expect: {check: three_records, says: \"holds 2 records\"}
";

const NOTES: &str = "# Notes for who changes this lab

Goal: what the learner can do afterwards, and how a check sees it.

Out of scope: what this lab leaves to others.
";
