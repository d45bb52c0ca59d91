"""The report of a comparison as one HTML file that needs nothing else.

The verdict stands on top, then what it costs, how sure it is, and what would change it; whoever
doubts finds every figure and the answers below. Knows the page; plots, words and cases have files
of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files

from pakar.evaluation.bootstrap import Interval
from pakar.evaluation.comparison import Comparison
from pakar.evaluation.evidence import FLOOR
from pakar.evaluation.measures import BY_NAME, MEASURES, SCORE
from pakar.evaluation.recommend import TypeAdvice
from pakar.evaluation.report_cases import cases, disagreements
from pakar.evaluation.report_markdown import markdown_page
from pakar.evaluation.report_plots import Bar, Point, bars, scatter
from pakar.evaluation.report_text import megabytes, safe, seconds, watt_hours
from pakar.evaluation.results import RouteResult

__all__ = ["html_page", "markdown_page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_OVERVIEW = (SCORE, "required", "token_f1", "supported", "refusal_recall")


def html_page(done: Comparison) -> str:
    """The whole page. Everything in it is escaped, and its policy forbids to load anything."""
    style = (files("pakar.evaluation") / "report.css").read_text(encoding="utf-8")
    title = f"{done.setting.expert}: which route is right"
    sections = [
        _head(done),
        _section("What was measured", _overview(done)),
        _section("How good, and how sure", _quality(done)),
        _section("What quality costs", _cost(done)),
        _section("Why", _list(done.recommendation.reasons)),
        _section("Mind", _list(done.recommendation.caveats), kind="mind"),
        _section("What would change the verdict", _list(done.recommendation.would_change)),
        _section("By type of question", _types(done)),
        _section("Where the routes disagree", _cases(done)),
        _section("All figures", _figures(done)),
        _foot(done),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{safe(title)}</title><style>{style}</style></head>"
        f"<body><main>{''.join(sections)}</main></body></html>\n"
    )


def _head(done: Comparison) -> str:
    verdict = done.recommendation
    kind = "verdict" if verdict.kind in ("winner", "tied") else "verdict open"
    moved = f"<p>{safe(done.previous.says)}</p>" if done.previous else ""
    return (
        f"<header><p>{safe(done.setting.expert)} · {safe(done.setting.finished[:10])}</p></header>"
        f'<div class="{kind}"><h1>{safe(verdict.verdict)}</h1>{moved}{_facts(done)}</div>'
    )


def _facts(done: Comparison) -> str:
    facts = [("questions", f"{done.evidence.exam.asked}")]
    chosen = [one for one in done.routes if one.name == done.recommendation.route]
    for one in chosen:
        if SCORE in one.metrics:
            facts.append((f"score of {one.name}, 0 to 1", _figure(one.metrics[SCORE])))
        if one.name != FLOOR and any(route.name == FLOOR for route in done.routes):
            floor = done.evidence.route(FLOOR).metrics.get(SCORE)
            if floor is not None:
                facts.append(("score without a model", f"{floor.mean:.2f}"))
        facts.append(("an answer takes", seconds(one.cost.latency_s)))
        facts.append(("memory", megabytes(one.cost.memory_mb)))
        training = seconds(one.cost.training_s) if one.cost.training_s else "none"
        facts.append(("training", training))
    cells = "".join(
        f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _overview(done: Comparison) -> str:
    shown = [name for name in _OVERVIEW if any(name in one.metrics for one in done.routes)]
    heads = ["route", *(BY_NAME[name].label for name in shown)]
    heads += ["an answer", "memory", "training", "a changed document", "energy"]
    rows = []
    for one in _ordered(done):
        cells = [safe(one.name), *(_cell(one.metrics.get(name)) for name in shown)]
        cells += [
            seconds(one.cost.latency_s),
            megabytes(one.cost.memory_mb),
            seconds(one.cost.training_s) if one.cost.training_s else "–",
            seconds(one.cost.upkeep_s),
            watt_hours(one.cost.answer_wh),
        ]
        rows.append((cells, one.name == done.recommendation.route))
    return _table(heads, rows) + (
        '<p class="soft">Score: '
        f"{safe(BY_NAME[SCORE].meaning)}. In small print the 95% intervals. Energy of "
        f"an answer, an estimate from {safe(done.setting.energy)}.</p>"
    )


def _quality(done: Comparison) -> str:
    routes = [one for one in _ordered(done) if SCORE in one.metrics]
    if not routes:
        return ""
    scores = [one.metrics[SCORE] for one in routes]
    top = max(0.2, min(1.0, max(score.high for score in scores) + 0.05))
    plot = bars(
        [
            Bar(one.name, score.mean, score.low, score.high, _figure(score), _is_chosen(done, one))
            for one, score in zip(routes, scores, strict=True)
        ],
        0.0,
        top,
        "Score of each route with its interval",
    )
    caption = "Score of each route, with 95% intervals. Further right is better."
    return _plot(plot, caption) + _differences(done)


def _differences(done: Comparison) -> str:
    """The leader against the others, with intervals that hold together."""
    standing = done.evidence.standing
    pairs = [pair for name in standing.means if (pair := standing.pair(standing.leader, name))]
    if not pairs:
        return ""
    low = min(0.0, *(one.low for one in pairs)) - 0.02
    high = max(0.0, *(one.high for one in pairs)) + 0.02
    rows = [
        Bar(
            f"{one.a} less {one.b}",
            one.difference,
            one.low,
            one.high,
            f"{one.difference:+.2f}: {'differ' if one.differ else 'cannot be told apart'}",
            one.differ,
        )
        for one in sorted(pairs, key=lambda one: one.difference)
    ]
    caption = (
        "How far the leading route is ahead on the same questions. Where an interval crosses zero, "
        "the two cannot be told apart. All intervals hold together with 95% probability."
    )
    return "<br>" + _plot(bars(rows, low, high, "Differences", zero=True), caption)


def _cost(done: Comparison) -> str:
    points = [
        Point(
            one.name,
            max(one.cost.latency_s, 1e-3),
            one.metrics[SCORE].mean,
            one.metrics[SCORE].low,
            one.metrics[SCORE].high,
            _is_chosen(done, one),
        )
        for one in done.routes
        if SCORE in one.metrics and one.cost.latency_s
    ]
    if len(points) < 2:
        return ""
    caption = "Up and to the left is better: higher score in less time. Lines are 95% intervals."
    return _plot(scatter(points, "seconds an answer", "score"), caption)


def _types(done: Comparison) -> str:
    rows = [([safe(one.type), str(one.questions), _says(one)], False)
            for one in done.recommendation.types]  # fmt: skip
    return _table(["type", "questions", "verdict"], rows, words=True) if rows else ""


def _says(one: TypeAdvice) -> str:
    return f"{safe(one.says[:1].upper() + one.says[1:])}."


def _cases(done: Comparison) -> str:
    shown = len(disagreements(done))
    if not shown:
        return ""
    return (
        f'<p class="soft">The {shown} questions whose scores lie furthest apart. Marked in an '
        "answer: sentences with a source. Marked in a passage: the words they came from. The grey "
        f"line shows the reference answer.</p>{cases(done)}"
    )


def _figures(done: Comparison) -> str:
    names = [
        one.name for one in MEASURES if any(one.name in route.metrics for route in done.routes)
    ]
    rows = [
        (
            [safe(BY_NAME[name].label), *(_cell(one.metrics.get(name)) for one in _ordered(done))],
            False,
        )
        for name in names
    ]
    measures = _table(["measure", *(safe(one.name) for one in _ordered(done))], rows)
    meanings = _list(f"{BY_NAME[name].label}: {BY_NAME[name].meaning}." for name in names)
    pairs = [
        (
            [
                f"{safe(one.a)} less {safe(one.b)}",
                safe(BY_NAME[one.metric].label),
                f"{one.difference:+.3f}<small>{one.low:+.3f} to {one.high:+.3f}</small>",
                "&lt; 0.001" if one.p < 0.001 else f"{one.p:.3f}",
                str(one.count),
            ],
            False,
        )
        for one in done.pairs
    ]
    tests = _table(["pair", "measure", "difference", "p, corrected", "questions"], pairs)
    return (
        f"<details><summary>Every measure of every route</summary>{measures}</details>"
        f"<details><summary>What the measures mean</summary>{meanings}</details>"
        f"<details><summary>Every pair of routes</summary>{tests}</details>"
    )


def _foot(done: Comparison) -> str:
    setting = done.setting
    models = "; ".join(f"{name}: {spec}" for name, spec in setting.models.items())
    return (
        f"<footer><p>Measured on {safe(setting.machine)}, finished {safe(setting.finished)}, in "
        f"{safe(seconds(setting.seconds))} (answers of earlier runs not counted). {safe(models)}. "
        f"Seed {setting.seed}.</p>"
        "<p>To redo it: every question, answer, passage and time is in answers.jsonl and "
        "questions.jsonl beside this file. Intervals: bootstrap (BCa) over questions. Tests: "
        "paired, by permutation or McNemar, corrected by Holm for all pairs of a measure.</p>"
        f"<p>Comparison {safe(setting.id)}, made by pakar.</p></footer>"
    )


# Parts -----------------------------------------------------------------------------------------


def _section(title: str, body: str, *, kind: str = "") -> str:
    if not body:
        return ""
    inner = f'<div class="{kind}">{body}</div>' if kind else body
    return f"<section><h2>{title}</h2>{inner}</section>"


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{safe(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _plot(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _table(
    heads: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]], *, words: bool = False
) -> str:
    """Cells are HTML already; `words` lets the last column wrap."""
    kinds = ["" for _ in heads[1:]] + [" class=words" if words else ""]
    head = "".join(f"<th{kind}>{one}</th>" for one, kind in zip(heads, kinds, strict=True))
    body = []
    for cells, chosen in rows:
        made = [f"<td>{one}</td>" for one in cells]
        if words:
            made[-1] = f'<td class="words">{cells[-1]}</td>'
        body.append(f"<tr{' class=chosen' if chosen else ''}>{''.join(made)}</tr>")
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(one: Interval | None) -> str:
    if one is None:
        return "–"
    digits = 1 if one.mean >= 10 else 2
    return f"{one.mean:.{digits}f}<small>{one.low:.{digits}f} to {one.high:.{digits}f}</small>"


def _figure(one: Interval) -> str:
    return f"{one.mean:.2f} ({one.low:.2f} to {one.high:.2f})"


def _ordered(done: Comparison) -> list[RouteResult]:
    means = done.evidence.standing.means
    return sorted(done.routes, key=lambda one: -means.get(one.name, -1.0))


def _is_chosen(done: Comparison, one: RouteResult) -> bool:
    return one.name == done.recommendation.route
