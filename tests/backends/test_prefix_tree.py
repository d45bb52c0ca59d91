"""Rows that begin alike are computed as a tree, and nothing but the work gets less."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.ports import Row

pytest.importorskip("torch")

import torch
from tiny_llama import write_tiny_llama

from pakar.backends.adapter_training import summed_losses
from pakar.backends.packed_batch import (
    NAME,
    in_token_budget,
    pack,
    register_packed_attention,
    tokens_computed,
)
from pakar.backends.prefix_tree import WORTH_SHARING, Segment, prefix_tree
from pakar.backends.training_steps import steps_of

# Few different stretches, so that rows have beginnings in common, whole rows too.
_stretch = st.sampled_from([tuple(range(at, at + size)) for at in (3, 40) for size in (1, 9, 20)])
_rows = st.lists(
    st.lists(_stretch, min_size=1, max_size=5).map(lambda parts: sum(parts, ())), max_size=8
)


@given(_rows)
def test_the_segments_of_a_row_are_the_row(rows: list[tuple[int, ...]]) -> None:
    tree = prefix_tree(rows)
    for row, path in zip(rows, tree.paths, strict=True):
        assert sum((tree.segments[index].tokens for index in path), ()) == row
        for place, index in enumerate(path):
            assert tree.segments[index].before == path[:place]
            before = sum(len(tree.segments[one].tokens) for one in path[:place])
            assert tree.segments[index].start == before
    for index, one in enumerate(tree.segments):
        assert all(other < index for other in one.before)
    assert tree.size <= sum(map(len, rows))
    assert prefix_tree([*rows, *rows]).size == tree.size


@given(_rows)
def test_what_is_worth_sharing_is_computed_once(rows: list[tuple[int, ...]]) -> None:
    beginnings = {row[:WORTH_SHARING] for row in rows}
    firsts = [one for one in prefix_tree(rows).segments if not one.before]
    assert len(firsts) == len(beginnings)


@given(_rows, st.integers(1, 60), st.integers(1, 4))
def test_the_answer_and_what_stands_close_before_it_get_a_gradient(
    rows: list[tuple[int, ...]], gradient_tokens: int, learned: int
) -> None:
    made = [Row(ids, min(learned, len(ids))) for ids in rows]
    batch = pack(made, gradient_tokens=gradient_tokens)
    first = [one.fixed for one in batch.segments]
    assert first == sorted(first, reverse=True)
    assert batch.fixed == sum(len(one.tokens) for one in batch.segments if one.fixed)
    for one in batch.segments:
        assert not one.fixed or all(batch.segments[at].fixed for at in one.before)
    for row in made:
        # A row's end is found by its tokens: each of its last ones stands in a segment that learns.
        kept = row.ids[-(row.learned + gradient_tokens) :]
        assert any(_ends_with(batch.segments, at, kept) for at in range(len(batch.segments)))


def _ends_with(segments: Sequence[Segment], last: int, kept: tuple[int, ...]) -> bool:
    chain = (*segments[last].before, last)
    tokens = [(token, segments[at].fixed) for at in chain for token in segments[at].tokens]
    return tokens[-len(kept) :] == [(token, False) for token in kept]


@given(_rows, st.integers(1, 120), st.none() | st.integers(1, 60))
def test_parts_hold_every_row_and_no_more_than_fits(
    rows: list[tuple[int, ...]], budget: int, switch: int | None
) -> None:
    made = [Row(ids, 1) for ids in rows]
    parts = in_token_budget(made, budget, switch)
    assert sorted(row.ids for part in parts for row in part) == sorted(rows)
    for part in parts:
        assert len(part) == 1 or prefix_tree([row.ids for row in part]).size <= budget
        assert switch is None or len({len(row.ids) > switch for row in part}) == 1


def test_tokens_without_a_gradient_hold_little_but_in_long_rows() -> None:
    rows = [Row(tuple(range(start, start + 60)), 2) for start in (0, 100)]
    assert len(in_token_budget(rows, 60)) == 2
    assert len(in_token_budget(rows, 60, gradient_tokens=5)) == 1
    assert len(in_token_budget(rows, 60, 50, gradient_tokens=5)) == 2


def test_rows_with_the_same_passages_come_in_the_same_step() -> None:
    passages = {name: tuple(range(100 * name, 100 * name + 60)) for name in range(1, 9)}
    rows = [Row((*passages[name], 1000 + one), 1) for one in range(8) for name in passages]
    steps = steps_of(rows, batch=8, epochs=1, seed=0)
    for step in steps:
        families = [rows[index].ids[0] for index in step]
        assert max(families.count(one) for one in families) >= 4
    computed = sum(tokens_computed([rows[at] for at in step], 10_000) for step in steps)
    assert computed < 0.4 * sum(len(row.ids) for row in rows)


@pytest.mark.parametrize("window", [None, 24])
def test_losses_and_gradients_are_those_of_each_row_alone(tmp_path, window: int | None) -> None:
    from transformers import AutoModelForCausalLM

    write_tiny_llama(tmp_path)
    register_packed_attention()
    model = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation=NAME)
    shared, other = tuple(range(5, 45)), tuple(range(50, 70))
    rows = [
        Row((*shared, *other, 7, 9), 3),
        Row((*shared, *other, 8), 2),
        Row((*shared, 11, 12, 13), 2),
        Row((*shared, *other, 8), 2),
        Row((3, 4, 5), 2),
    ]
    together = _loss(model, rows, window)
    together.backward()
    found = {name: one.grad.clone() for name, one in model.named_parameters()}
    model.zero_grad()
    alone = torch.stack([_loss(model, [row], window) for row in rows]).sum()
    alone.backward()

    assert pack(rows).ids.numel() < 0.6 * sum(len(row.ids) for row in rows)
    assert torch.allclose(together, alone, rtol=1e-5)
    for name, one in model.named_parameters():
        assert torch.allclose(found[name], one.grad, rtol=1e-3, atol=1e-6), name
    assert any(float(one.abs().max()) > 1e-3 for one in found.values())
    everywhere = _loss(model, rows, None)
    assert torch.allclose(together, everywhere, rtol=1e-6) == (window is None)


def test_with_few_gradient_tokens_what_stands_before_them_is_a_constant(tmp_path) -> None:
    from transformers import AutoModelForCausalLM

    write_tiny_llama(tmp_path)
    register_packed_attention()
    model = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation=NAME)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="sdpa")
    shared = tuple(range(5, 65))
    rows = [
        Row((*shared, *range(70, 90), 7, 9), 3),
        Row((*shared, *range(100, 121), 8), 2),
        Row((*range(30, 80), 8, 3), 2),
        Row((3, 4, 5), 2),
    ]
    batch = pack(rows, gradient_tokens=10)
    whole, few = summed_losses(model, pack(rows))[0], summed_losses(model, batch)[0]
    few.backward()
    # 10 tokens and the answer: of the first rows' common beginning, nothing.
    for row in rows:
        cut = max(0, len(row.ids) - row.learned - 10)
        _loss_behind(plain, row, cut).backward()

    # 119 and 40 tokens; sizes are rounded up a little, so that few different ones are met.
    assert batch.fixed == 120 and batch.ids.numel() == 160
    assert torch.allclose(few, whole, rtol=1e-5)
    expected = dict(plain.named_parameters())
    for name, one in model.named_parameters():
        assert torch.allclose(one.grad, expected[name].grad, rtol=1e-3, atol=1e-5), name


def test_a_question_is_learned_beside_its_answer(tmp_path) -> None:
    from transformers import AutoModelForCausalLM

    write_tiny_llama(tmp_path)
    register_packed_attention()
    model = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation=NAME)
    shared = tuple(range(5, 65))
    rows = [
        Row((*shared, *range(70, 80), 7, 9), 3),
        Row((*shared, 8, 4), 1),
        Row((*range(9), 5), 2),
    ]
    answers, questions = summed_losses(model, pack(rows, gradient_tokens=8, question_tokens=6))
    asked = [Row(row.ids[: -row.learned], 6) for row in rows]
    expected = summed_losses(model, pack(asked[:2]))[0]

    assert torch.allclose(answers, summed_losses(model, pack(rows))[0], rtol=1e-5)
    # Before the last row's question nothing stands that it could be about.
    assert torch.allclose(questions, expected, rtol=1e-5) and questions > 1


def _loss_behind(model, row: Row, cut: int) -> torch.Tensor:
    """By transformers' own cache of keys and values."""
    ids, cache = torch.tensor([row.ids]), None
    if cut:
        with torch.no_grad():
            cache = model(input_ids=ids[:, :cut], use_cache=True).past_key_values
    logits = model(input_ids=ids[:, cut:], past_key_values=cache, use_cache=bool(cut)).logits[0]
    learned = torch.tensor(row.ids[-row.learned :])
    found = logits[-row.learned - 1 : -1]
    return torch.nn.functional.cross_entropy(found, learned, reduction="sum")


def _loss(model, rows: list[Row], window: int | None) -> torch.Tensor:
    batch = pack(rows)
    logits = model(
        input_ids=batch.ids,
        position_ids=batch.positions,
        logits_to_keep=batch.places,
        segments=batch.segments,
        sliding_window=window,
        use_cache=False,
    ).logits
    return torch.nn.functional.cross_entropy(logits[0], batch.targets, reduction="sum")
