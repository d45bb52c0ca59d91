"""pakar.toml is read strictly: what is wrong is named, with the way to put it right."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.config import Config, load_config, template
from pakar.errors import ConfigError
from pakar.flows.tuning import recipe_of


def load(folder: Path, text: str) -> Config:
    (folder / "pakar.toml").write_bytes(text.encode())
    return load_config(folder)


def test_the_template_says_nothing_but_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, template()) == Config()
    assert load(tmp_path, "") == Config()


def test_the_template_shows_every_key() -> None:
    shown = tomllib.loads(template())
    for name, section in Config().model_dump().items():
        assert shown[name].keys() == section.keys()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_spec_survives_the_template(spec: str) -> None:
    assert tomllib.loads(template(language_model=spec))["models"]["language_model"] == spec


def test_a_file_saved_by_notepad(tmp_path: Path) -> None:
    found = load(tmp_path, "\ufeff[passages]\r\ntokens = 300\r\n")
    assert found.passages.tokens == 300


@pytest.mark.parametrize(
    ("written", "tokens", "fewer"),
    [("'auto'", 0, True), ("0", 0, True), ("'all'", 0, False), ("50", 50, False)],
)
def test_which_tokens_get_a_gradient(
    tmp_path: Path, written: str, tokens: int, fewer: bool
) -> None:
    found = recipe_of(load(tmp_path, f"[training]\ngradient_tokens = {written}").training, None)
    assert (found.gradient_tokens, found.fewer_in_time) == (tokens, fewer)


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("[retrival]\npassages = 3", "retrival", "'retrieval'"),
        ("[retrieval]\npasages = 3", "retrieval.pasages", "'passages'"),
        ("[models]\nlanguage-model = 'x'", "models.language-model", "'language_model'"),
        ("tokens = 3", "tokens", "Known here:"),
    ],
)
def test_a_wrong_key_names_itself_and_the_nearest_right_one(
    tmp_path: Path, text: str, key: str, nearest: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    assert f"unknown key {key!r}" in str(raised.value)
    assert "pakar.toml" in str(raised.value)
    assert nearest in raised.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[passages]\ntokens = 8", "passages.tokens = 8"),
        ("[passages]\ntokens = '200'", "passages.tokens = '200'"),
        ("[passages]\ntokens = true", "passages.tokens = True"),
        ("[models]\ntrust_remote_code = 'yes'", "models.trust_remote_code = 'yes'"),
        ("[models]\ntrust_remote_code = 1", "models.trust_remote_code = 1"),
        ("[retrieval]\nvector_weight = 1.5", "retrieval.vector_weight = 1.5"),
        ("[retrieval]\nvector_weight = nan", "retrieval.vector_weight = nan"),
        ("[answering]\nlanguage = 'fr'", "answering.language = 'fr'"),
        ("[training]\ngradient_tokens = -1", "training.gradient_tokens = -1: should be"),
        ("[training]\ngradient_tokens = true", "training.gradient_tokens = True: should be"),
        ("models = 'phi'", "models = 'phi'"),
        (f"[answering]\nroute = ['{'x' * 5000}']", "answering.route"),
        ("[models", "not valid TOML"),
        ("a = 1\na = 2", "not valid TOML"),
    ],
)
def test_a_wrong_value_is_shown_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400
    assert raised.value.hint


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "pakar.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError, match="not valid TOML") as raised:
        load_config(tmp_path)
    assert raised.value.hint


def test_a_whole_number_is_a_weight_too(tmp_path: Path) -> None:
    assert load(tmp_path, "[retrieval]\nvector_weight = 1").retrieval.vector_weight == 1.0
