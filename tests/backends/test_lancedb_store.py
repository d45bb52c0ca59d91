"""What users of the index rely on: exact results, one commit a change, stable readers."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pakar.backends.lancedb_store import LanceStore
from pakar.errors import IndexMismatchError, StoreError
from pakar.ports import Filter, IndexedPassage, Vectors
from pakar.testing import check_vector_store
from pakar.types import Passage

DIMENSIONS = 8
EVERYTHING = Filter()


def unit(seed: int, dimensions: int = DIMENSIONS) -> Vectors:
    vector = np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
    return vector / np.linalg.norm(vector)


def row(
    document: str,
    number: int = 0,
    terms: Sequence[str] = ("fee",),
    *,
    kind: str = "content",
    headings: tuple[str, ...] = (),
    vector: Vectors | None = None,
    content_hash: str = "h",
) -> IndexedPassage:
    passage = Passage(
        document, number, number + 4, f"text {number}", kind, "Title", headings, number, "en"
    )
    return IndexedPassage(passage, unit(number) if vector is None else vector, terms, content_hash)


@pytest.fixture(params=(0, 10_000), ids=("on disk", "in memory"))
def store(tmp_path: Path, request: pytest.FixtureRequest) -> LanceStore:
    return LanceStore(tmp_path / "index", DIMENSIONS, in_memory=request.param)


def found(store: LanceStore, *terms: str, where: Filter = EVERYTHING) -> list[str]:
    hits = store.snapshot().search_terms(terms, 100, where)
    return sorted(f"{hit.passage.document}:{hit.passage.start}" for hit in hits)


def test_it_keeps_the_contract_of_a_vector_store(tmp_path: Path) -> None:
    check_vector_store(lambda dimensions: LanceStore(tmp_path / "index", dimensions))


def test_reading_an_index_that_does_not_exist_finds_nothing_and_writes_nothing(
    tmp_path: Path,
) -> None:
    store = LanceStore(tmp_path / "index", DIMENSIONS)

    snapshot = store.snapshot()
    store.optimize()
    store.replace(["a"], [])

    assert (store.count(), dict(snapshot.documents()), dict(snapshot.languages())) == (0, {}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_passage_comes_back_as_it_went_in(store: LanceStore) -> None:
    odd = Passage(
        'o\'brien/日本 "x"; DROP.md',
        5,
        9,
        "line\nünïcode 🐘\t\x00 '",
        "summary",
        "",
        ("50% off_", "a\\b"),
        None,
        "und",
    )
    store.replace([odd.document], [IndexedPassage(odd, unit(1), ["x"], "hash")])

    hits = LanceStore(store._path, DIMENSIONS).snapshot().search_vector(unit(1), 5, EVERYTHING)

    assert [hit.passage for hit in hits] == [odd]
    assert hits[0].score == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "term",
    [
        *("50%", "12:30", "1,234.5", "a/b", "don't", "ÄÖ", "日", "ก", "x" * 500, "a b", "tab\tbed"),
        *("\\", "\\20;", "nb\u00a0sp", "ideographic\u3000space", "zero\x00", "NOT", "AND", '"q"'),
    ],
)  # fmt: skip
def test_a_term_is_found_exactly_as_given_indexed_or_not(store: LanceStore, term: str) -> None:
    store.replace(["a", "b"], [row("a", terms=[term, "other"]), row("b", terms=["decoy", "ab"])])

    before_indexing = found(store, term)
    store.optimize()

    assert before_indexing == found(store, term) == ["a:0"]


def test_terms_differ_by_case_and_accents_as_the_caller_made_them(store: LanceStore) -> None:
    store.replace(["a", "b"], [row("a", terms=["cafe"]), row("b", terms=["café"])])
    store.optimize()

    assert (found(store, "cafe"), found(store, "café"), found(store, "CAFE")) == (
        ["a:0"],
        ["b:0"],
        [],
    )


def test_any_of_the_terms_is_enough_and_no_term_finds_nothing(store: LanceStore) -> None:
    store.replace(["a"], [row("a", 1, ["red"]), row("a", 2, ["blue"]), row("a", 3, ["green"])])

    assert found(store, "red", "blue", "unknown") == ["a:1", "a:2"]
    assert found(store) == found(store, "") == []


def bm25(query: Sequence[str], document: Sequence[str], corpus: list[list[str]]) -> float:
    mean = sum(map(len, corpus)) / len(corpus)
    counts, score = Counter(document), 0.0
    for term in query:
        frequency = sum(term in other for other in corpus)
        idf = math.log(1 + (len(corpus) - frequency + 0.5) / (frequency + 0.5))
        norm = 1.2 * (1 - 0.75 + 0.75 * len(document) / mean)
        score += idf * counts[term] * 2.2 / (counts[term] + norm)
    return score


def test_word_scores_are_bm25_with_k1_1_2_and_b_0_75(store: LanceStore) -> None:
    random = np.random.default_rng(3)
    corpus = [[f"w{rank}" for rank in random.zipf(1.5, size=20 + 3 * n)] for n in range(40)]
    store.replace(["a"], [row("a", number, terms) for number, terms in enumerate(corpus)])
    store.optimize()
    query = ["w1", "w2", "w2", "w5"]

    hits = store.snapshot().search_terms(query, 100, EVERYTHING)

    expected = {number: bm25(query, terms, corpus) for number, terms in enumerate(corpus)}
    assert {hit.passage.start: hit.score for hit in hits} == pytest.approx(
        {number: score for number, score in expected.items() if score}, rel=0.02
    )
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.fixture
def filtered(store: LanceStore) -> LanceStore:
    rows = [
        row("a'b", 1, kind="summary", headings=("Fees", "50% OFF_now")),
        row("a'b", 2, headings=("Fees", "500 off now")),
        row("c", 3, headings=("Straße",)),
    ]
    store.replace(["a'b", "c"], rows)
    return store


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Filter(documents=("a'b",)), ["a'b:1", "a'b:2"]),
        (Filter(documents=("a'b", "c"), kinds=("content",)), ["a'b:2", "c:3"]),
        (Filter(kinds=("row",)), []),
        (Filter(heading="fees > 50% off_"), ["a'b:1"]),
        (Filter(heading="50%"), ["a'b:1"]),
        (Filter(heading="STRASSE"), ["c:3"]),
        (Filter(documents=("' OR 1=1 --",)), []),
        (Filter(heading="' OR true OR '"), []),
    ],
)
def test_a_filter_holds_for_both_kinds_of_search(
    filtered: LanceStore, where: Filter, expected: list[str]
) -> None:
    near = filtered.snapshot().search_vector(unit(1), 10, where)

    assert found(filtered, "fee", where=where) == expected
    assert sorted(f"{hit.passage.document}:{hit.passage.start}" for hit in near) == expected


HEADINGS = ("Fees", "fees > 50% off", "Straße", "STRASSE", "")


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(HEADINGS), st.booleans()),
        min_size=1,
        max_size=12,
    ),
    where=st.builds(
        Filter,
        documents=st.lists(st.sampled_from("abcd"), max_size=2).map(tuple),
        denied=st.lists(st.sampled_from("abcd"), max_size=2).map(tuple),
        kinds=st.sampled_from(((), ("summary",), ("content", "row"))),
        heading=st.sampled_from(("", "fees", "ss", "50%", "ß")),
    ),
    limit=st.integers(1, 6),
)
def test_in_memory_is_found_what_is_found_on_disk(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, bool]],
    where: Filter,
    limit: int,
) -> None:
    folder = tmp_path_factory.mktemp("both") / "index"
    on_disk, in_memory = (LanceStore(folder, DIMENSIONS, in_memory=most) for most in (0, 10_000))
    on_disk.replace(
        sorted({name for name, _, _ in rows}),
        [
            row(name, number, headings=(heading,), kind="summary" if is_summary else "content")
            for number, (name, heading, is_summary) in enumerate(rows)
        ],
    )
    here, there = in_memory.snapshot(), on_disk.snapshot()
    near = here.search_vector(unit(0), limit, where)
    expected = there.search_vector(unit(0), limit, where)
    assert [hit.passage for hit in near] == [hit.passage for hit in expected]
    assert [hit.score for hit in near] == pytest.approx([hit.score for hit in expected], abs=1e-5)
    # Equal scores have no order: with room for all, the same are found.
    words, wanted = (one.search_terms(["fee"], 100, where) for one in (here, there))
    assert {hit.passage: hit.score for hit in words} == {hit.passage: hit.score for hit in wanted}
    ids = [hit.passage.id for hit in words]
    assert {key: list(one) for key, one in here.vectors([*ids, "none"]).items()} == {
        key: list(one) for key, one in there.vectors([*ids, "none"]).items()
    }


def test_where_everything_was_removed_nothing_is_found(store: LanceStore) -> None:
    store.replace(["a"], [row("a", 1)])
    store.replace(["a"], [])
    snapshot = store.snapshot()
    assert snapshot.search_vector(unit(1), 5, EVERYTHING) == []
    assert snapshot.search_terms(["fee"], 5, Filter(documents=("a",))) == []
    assert snapshot.search_vector(unit(1), 5, Filter(heading="fees")) == []
    assert snapshot.vectors(["x"]) == {}


def test_a_filter_is_applied_before_the_limit(store: LanceStore) -> None:
    rows = [row("near", number, vector=unit(0)) for number in range(50)]
    store.replace(["near", "far"], [*rows, row("far", 99, vector=-unit(0))])
    snapshot, where = store.snapshot(), Filter(documents=("far",))

    assert [hit.passage.start for hit in snapshot.search_vector(unit(0), 1, where)] == [99]
    assert [hit.passage.start for hit in snapshot.search_terms(["fee"], 1, where)] == [99]


def test_replacing_a_document_leaves_nothing_of_it_and_touches_no_other(
    store: LanceStore,
) -> None:
    store.replace(["a", "b"], [row("a", n, ["old"]) for n in range(5)] + [row("b", 7, ["old"])])
    store.optimize()

    store.replace(["a"], [row("a", 2, ["new"], content_hash="h2"), row("a", 9, ["new"])])

    assert found(store, "old") == ["b:7"]
    assert found(store, "new") == ["a:2", "a:9"]
    near = store.snapshot().search_vector(unit(1), 100, EVERYTHING)
    assert sorted(hit.passage.start for hit in near) == [2, 7, 9]


def test_a_change_is_one_version(store: LanceStore) -> None:
    store.replace(["a", "b"], [row("a", n) for n in range(5)] + [row("b", 1)])
    version = store.snapshot().version

    store.replace(["a", "b"], [row("a", 2, ["new"]), row("a", 11)])

    assert store.snapshot().version == version + 1
    assert dict(store.snapshot().documents()) == {"a": "h"}


def test_rows_of_a_document_that_is_not_replaced_are_refused(store: LanceStore) -> None:
    with pytest.raises(ValueError, match="not being replaced"):
        store.replace(["a"], [row("b")])
    assert store.count() == 0


def test_a_vector_of_the_wrong_length_is_refused_and_nothing_is_written(
    store: LanceStore,
) -> None:
    with pytest.raises(StoreError, match=r"\(3,\).*expected 8"):
        store.replace(["a"], [row("a", vector=np.ones(3, dtype=np.float32))])
    assert store.count() == 0


def test_an_index_of_other_dimensions_names_both(store: LanceStore) -> None:
    store.replace(["a"], [row("a")])

    with pytest.raises(IndexMismatchError, match=r"of 8 numbers.*gives 16") as error:
        LanceStore(store._path, 16).snapshot()
    assert "pakar reindex" in error.value.hint


def test_a_damaged_index_is_one_clear_error(store: LanceStore) -> None:
    store.replace(["a"], [row("a")])
    for manifest in store._path.rglob("*.manifest"):
        manifest.write_bytes(b"garbage")

    with pytest.raises(StoreError, match="cannot be used") as error:
        LanceStore(store._path, DIMENSIONS).snapshot()
    assert "pakar reindex" in error.value.hint


def test_a_folder_left_by_a_writer_that_died_at_once_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "index" / "passages.lance" / "data").mkdir(parents=True)
    store = LanceStore(tmp_path / "index", DIMENSIONS)

    assert store.count() == 0
    store.replace(["a"], [row("a")])

    assert found(store, "fee") == ["a:0"]


def test_a_reader_sees_one_version_while_a_writer_replaces_and_optimises(
    store: LanceStore,
) -> None:
    store.replace(["a"], [row("a", n, ["gen0"]) for n in range(20)])
    stop, wrong, versions = threading.Event(), [], set()

    def read() -> None:
        reader = LanceStore(store._path, DIMENSIONS)
        while not stop.is_set():
            snapshot = reader.snapshot()
            versions.add(snapshot.version)
            (generation,) = set(snapshot.documents().values())
            terms = ["gen0"] if generation == "h" else [generation]
            counts = [
                len(snapshot.search_terms(terms, 100, EVERYTHING)),
                len(snapshot.search_vector(unit(1), 100, EVERYTHING)),
            ]
            if counts != [20, 20]:
                wrong.append((generation, counts))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for generation in range(1, 25):
        name = f"gen{generation}"
        store.replace(["a"], [row("a", n, [name], content_hash=name) for n in range(20)])
        if generation % 5 == 0:
            store.optimize()
    stop.set()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(versions) > 5


def test_a_snapshot_outlives_changes_and_cleaning(store: LanceStore) -> None:
    store.replace(["a"], [row("a", n, ["old"]) for n in range(3)])
    store.optimize()
    snapshot = store.snapshot()

    for generation in range(5):
        store.replace(["a"], [row("a", 0, [f"new{generation}"])])
        store.optimize()

    assert len(snapshot.search_terms(["old"], 10, EVERYTHING)) == 3
    known = {row("a", n).passage.id: row("a", n).vector for n in range(3)}
    stored = snapshot.vectors([*known, "unknown", *known])
    assert set(stored) == set(known)
    assert all(np.allclose(stored[key], vector) for key, vector in known.items())


def test_a_version_that_was_the_newest_until_a_moment_ago_is_kept_however_old(
    tmp_path: Path,
) -> None:
    keep = timedelta(seconds=1.5)
    store = LanceStore(tmp_path / "index", DIMENSIONS, keep=keep)
    store.replace(["a"], [row("a", n, ["old"]) for n in range(3)])
    threading.Event().wait(keep.total_seconds() + 0.2)
    snapshot = store.snapshot()

    store.replace(["a"], [row("a", 0, ["new"])])
    store.optimize()

    assert len(snapshot.search_terms(["old"], 10, EVERYTHING)) == 3
    assert len(snapshot.search_vector(unit(1), 10, EVERYTHING)) == 3


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@pytest.mark.slow
def test_many_updates_do_not_fill_the_disk(tmp_path: Path) -> None:
    store = LanceStore(tmp_path / "index", DIMENSIONS, keep=timedelta(0))
    rows = [row("a", n) for n in range(50)]
    sizes = []
    for update in range(1, 201):
        store.replace(["a"], rows)
        if update % 5 == 0:
            store.optimize()
        if update % 100 == 0:
            threading.Event().wait(2.1)  # versions younger than this are never cleaned
            store.replace(["a"], rows)
            store.optimize()
            sizes.append(size(tmp_path))

    assert sizes[1] < 1.2 * sizes[0]
    assert store.count() == 50


def clustered(count: int, dimensions: int) -> Vectors:
    random = np.random.default_rng(5)
    scale = np.arange(1, dimensions + 1) ** -0.5
    centres = random.standard_normal((100, dimensions))
    around = centres[random.integers(100, size=count)] + random.standard_normal((count, dimensions))
    vectors = (around * scale).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("dimensions", [256, 30])
def test_the_vector_index_finds_what_an_exact_search_finds(tmp_path: Path, dimensions: int) -> None:
    vectors = clustered(6_040, dimensions)
    data, queries = vectors[:6_000], vectors[6_000:]
    store = LanceStore(tmp_path / "index", dimensions, index_above=1_000)
    rows = [row("a", number, vector=vector) for number, vector in enumerate(data)]
    store.replace(["a"], rows[:4_000])
    store.optimize()
    store.replace(["b"], [row("b", n, vector=r.vector) for n, r in enumerate(rows[4_000:], 4_000)])
    for indexed in (False, True):
        if indexed:
            store.optimize()
        snapshot, right = store.snapshot(), 0
        for query in queries:
            best = set(np.argsort(-(data @ query))[:10].tolist())
            hits = snapshot.search_vector(query, 10, EVERYTHING)
            right += len(best & {hit.passage.start for hit in hits})
            exact = [float(data[hit.passage.start] @ query) for hit in hits]
            assert [hit.score for hit in hits] == pytest.approx(exact, abs=1e-4)

        assert right / 400 >= 0.98


def test_updates_do_not_split_the_vector_index_into_ever_more_segments(tmp_path: Path) -> None:
    import lancedb

    vectors = clustered(1_260, 32)
    store = LanceStore(tmp_path / "index", 32, index_above=1_000)
    store.replace(["a"], [row("a", n, vector=vector) for n, vector in enumerate(vectors[:1_200])])
    store.optimize()
    for update in range(12):
        part = vectors[1_200 + 5 * update :][:40]
        store.replace(["b"], [row("b", n, vector=vector) for n, vector in enumerate(part)])
        store.optimize()

    table = lancedb.connect(tmp_path / "index").open_table("passages")
    (index,) = [index for index in table.list_indices() if index.columns == ["vector"]]
    assert index.num_segments <= 6
    (nearest,) = store.snapshot().search_vector(part[3], 1, EVERYTHING)
    assert (nearest.passage.document, nearest.passage.start) == ("b", 3)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcd'"), st.integers(0, 4)),
        max_size=8,
    )
)
def test_after_any_changes_the_store_holds_what_was_last_written(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, int]]
) -> None:
    store = LanceStore(tmp_path_factory.mktemp("any"), DIMENSIONS)
    expected: dict[str, int] = {}
    for step, (name, passages) in enumerate(changes):
        store.replace([name], [row(name, n, content_hash=f"{step}") for n in range(passages)])
        expected[name] = passages
        if step == 3:
            store.optimize()

    assert store.count() == sum(expected.values())
    assert found(store, "fee") == sorted(f"{d}:{n}" for d, c in expected.items() for n in range(c))
