"""The reader of documents is no rubber stamp: it sees what is wrong."""

from pathlib import Path

import pytest

from tests.e2e.documents import Block, anchors, examples, links, run_examples, same_output, table, unaccounted

FENCE = "```"


def document(*parts: tuple[str, str]) -> str:
    """A document of fenced blocks, each given by its language and text."""
    return "\n".join(f"{FENCE}{language}\n{text}\n{FENCE}\n" for language, text in parts)


def output(language: str, text: str) -> Block:
    return Block(1, language, text, "", follows=True)


def test_examples_run_in_one_shell(tmp_path: Path) -> None:
    """A later block sees what an earlier one has set, and addresses are replaced both ways."""
    text = document(
        ("sh", "where=127.0.0.1:8080"), ("sh", "echo to $where; echo ${#where}"), ("text", "to 127.0.0.1:8080\n16")
    )
    assert run_examples(tmp_path, text, {"127.0.0.1:8080": "127.0.0.1:123456"}) == []


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([("sh", "echo one"), ("text", "two")], "but it is\none"),
        ([("sh", "echo '{\"a\": 1}'"), ("json", '{"a": 2}')], "but it is"),
        ([("sh", "false")], "ends with 1"),
        ([("sh", "exit 3"), ("sh", "echo never")], "only"),
    ],
)
def test_what_is_wrong_is_reported(tmp_path: Path, parts: list[tuple[str, str]], complaint: str) -> None:
    """Other output, a failing command and an example that ends the shell are each reported."""
    assert any(complaint in wrong for wrong in run_examples(tmp_path, document(*parts), {}))


def test_an_example_without_an_end_is_reported(tmp_path: Path) -> None:
    """A loop that waits for what never comes is ended, and reported with what it has printed."""
    wrong = run_examples(tmp_path, document(("sh", "echo waiting\nwhile true; do true; done")), {}, seconds=0.5)
    assert [each.splitlines()[0].partition(" ends ")[2] for each in wrong] == ["with its time:"]
    assert wrong[0].endswith("waiting\n")


def test_a_marked_block_is_not_run() -> None:
    """A block with its reason is left out, and so is what follows it: that is no output then."""
    text = f"<!-- not executed: it installs -->\n{document(('sh', 'make run'), ('text', 'done'))}"
    assert examples(text) == []
    assert [block.text for block in unaccounted(text)] == ["done\n"]


@pytest.mark.parametrize("language", ["", "go", "json", "text", "bash", "console"])
def test_a_block_without_a_reason_is_unaccounted(language: str) -> None:
    """Whatever is neither run nor output must say why."""
    assert [block.language for block in unaccounted(document((language, "x")))] == [language]


@pytest.mark.parametrize(
    ("language", "shown", "actual", "same"),
    [
        ("json", '{"etag": "\\"1-00000000\\"", "a": 1}', '{"a":1,"etag":"\\"a-0123abcd\\""}', True),
        ("json", '{"etag": ""}', '{"etag":"\\"a-0123abcd\\""}', False),
        ("json", '{"date": "2026-01-01T00:00:00Z"}', '{"date":"2026-01-02T00:00:00Z"}', False),
        ("json", '{"createTime": "2026-01-01T00:00:00.5Z"}', '{"createTime":"2026-01-02T00:00:00.123456789Z"}', True),
        ("json", '{"nextPageToken": "x"}', '{"nextPageToken":""}', False),
        ("json", '{"a": 1}', '{"a":1}{"b":2}', False),
        ("json", "{}", "no JSON", False),
        ("text", "one\n...\nfour", "one\ntwo\nthree\nfour\n", True),
        ("text", "one\n...\nfive", "one\ntwo\n", False),
        ("text", "one", "one\ntwo", False),
    ],
)
def test_output_is_compared_but_for_what_must_differ(language: str, shown: str, actual: str, same: bool) -> None:
    """Ids, etags, tokens and times of the node may differ; whether they are there, and all else, may not."""
    assert same_output(output(language, shown), actual) is same


def test_links_anchors_and_tables_are_read() -> None:
    """Links and headings inside of examples do not count; cells lose their backticks."""
    text = f"# A `b`, c\n\n[x](y.md#z)\n\n| k | v |\n|---|---|\n| `n` | |\n\n{document(('sh', '# no [l](m)'))}"
    assert anchors(text) == {"a-b-c"}
    assert links(text) == ["y.md#z"]
    assert table(text, "A `b`, c") == [["n", ""]]
