"""Goes over a template's tree: what is not for templates is refused, and every repetition gets a toll to pay."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from jinja2 import Environment, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.nodes import Expr, Node
from jinja2.visitor import NodeTransformer

from ollascope.serve.llamacpp.speech.sandbox.bounds import GRAIN, overdone
from ollascope.serve.llamacpp.speech.sandbox.measured import PLAIN, Measured, list_of
from ollascope.serve.llamacpp.speech.sandbox.operators import compare, join

REFUSED: Final = (
    nodes.Block, nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport, nodes.ImportedName, nodes.InternalName,
    nodes.EnvironmentAttribute, nodes.ExtensionAttribute, nodes.MarkSafe, nodes.MarkSafeIfAutoescape,
)  # fmt: skip


def add_tolls(tree: nodes.Template, environment: Environment) -> frozenset[str]:
    """Rewrites the tree in place; the variables it asks for."""
    for node in tree.find_all(REFUSED):
        raise overdone(f"uses {type(node).__name__}, which chat templates have no need of")
    wanted = frozenset(find_undeclared_variables(tree))
    Tolls().visit(tree)
    tree.set_environment(environment)
    return wanted


class Tolls(NodeTransformer):
    """Puts a toll into the body of everything that can run more than once, and a price on what Jinja does by itself."""

    def visit_For(self, node: nodes.For) -> Node:  # noqa: N802 - Jinja's form
        cost, testing = _cost(node.body), _cost([node.test]) if node.test else 0
        self.generic_visit(node)
        node.iter = _filter(node.iter, "@walk", nodes.Const(1 + testing))
        node.body.insert(0, _toll(cost))
        return node

    def visit_Macro(self, node: nodes.Macro) -> Node:  # noqa: N802
        return self._with_toll(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> Node:  # noqa: N802
        return self._with_toll(node)

    def visit_Getitem(self, node: nodes.Getitem) -> Node:  # noqa: N802
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        part = node.arg
        ends = [end if end is not None else nodes.Const(None) for end in (part.start, part.stop, part.step)]
        return _filter(node.node, "@slice", *ends)

    def visit_Compare(self, node: nodes.Compare) -> Node:  # noqa: N802
        self.generic_visit(node)
        rest = [part for operand in node.ops for part in (nodes.Const(operand.op), operand.expr)]
        return _filter(node.expr, "@compare", *rest)

    def visit_Concat(self, node: nodes.Concat) -> Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(nodes.Const(""), "@join", *node.nodes)

    def visit_Pair(self, node: nodes.Pair) -> Node:  # noqa: N802
        self.generic_visit(node)
        node.key = _filter(node.key, "@key")
        return node

    def _with_toll(self, node: nodes.Macro | nodes.CallBlock) -> Node:
        cost = _cost(node.body)
        self.generic_visit(node)
        node.body.insert(0, _toll(cost))
        return node


def _filter(node: Node, name: str, *args: Expr) -> nodes.Filter:
    assert isinstance(node, Expr)
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _toll(cost: int) -> nodes.ExprStmt:
    return nodes.ExprStmt(_filter(nodes.Const(cost), "@toll"))


def _cost(body: Sequence[Node]) -> int:
    """The steps that running these statements once takes at most, but for what is charged when it happens."""
    steps = 0
    for statement in body:
        for node in (statement, *statement.find_all(Node)):
            steps += 1 + (len(node.data) // GRAIN if isinstance(node, nodes.TemplateData) else 0)
    return steps


def _pay(context: Measured, cost: int) -> None:
    context.budget.spend(cost)


def _walk(context: Measured, value: object, each: int) -> Sequence[Any]:
    items = list_of(value)
    context.budget.spend(len(items) * each)
    return items


def _slice(context: Measured, value: Any, start: int | None, stop: int | None, step: int | None) -> Any:
    if not isinstance(value, str | list | tuple | range):
        raise TypeError(f"a {type(value).__name__} cannot be cut")
    made = value[start:stop:step]
    if isinstance(made, str):
        context.budget.make(len(made))
    else:
        context.budget.spend(len(made))
    return made


def _key(_context: Measured, value: object) -> object:
    if not isinstance(value, PLAIN):
        raise TypeError(f"a {type(value).__name__} is no key")
    return value


SYNTAX: dict[str, Callable[..., Any]] = {
    "@toll": _pay,
    "@walk": _walk,
    "@slice": _slice,
    "@compare": compare,
    "@join": join,
    "@key": _key,
}
