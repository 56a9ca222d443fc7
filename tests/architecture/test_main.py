"""cmd/server holds the main function and stays out of the way of the standard library's cmd."""

import ast
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def module(root: Path) -> ast.Module:
    return ast.parse((root / "cmd" / "server" / "__main__.py").read_text())


def test_cmd_is_the_standard_librarys(root: Path) -> None:
    """`import cmd` gives Python's own module even where the repository comes first on the path."""
    program = f"import sys; sys.path.insert(0, {str(root)!r}); import cmd; print(cmd.__file__)"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found).parent == Path(sysconfig.get_path("stdlib"))


def test_cmd_is_no_package(root: Path) -> None:
    """No folder of cmd/ has an __init__.py."""
    assert not list((root / "cmd").rglob("__init__.py"))


def test_main_is_a_table_of_contents(module: ast.Module) -> None:
    """main() has at most 40 lines."""
    main = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    assert main.end_lineno is not None
    assert main.end_lineno - main.lineno < 40


def test_no_function_of_main_branches_or_holds_a_literal(module: ast.Module) -> None:
    """The functions of cmd/server neither branch nor hold a value: both belong to the layers below."""
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert functions
    inside = [node for function in functions for step in function.body for node in ast.walk(step)]
    docstrings = {id(function.body[0].value) for function in functions if ast.get_docstring(function) is not None}
    branches = [node for node in inside if isinstance(node, ast.If | ast.IfExp | ast.Match | ast.While)]
    literals = [node for node in inside if isinstance(node, ast.Constant) and id(node) not in docstrings]
    assert [ast.unparse(node) for node in branches + literals] == []
