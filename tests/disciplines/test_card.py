"""A card is read, checked, computed; each way of spoiling one is refused with its line."""

import os
from datetime import date

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from disciplines.example import CARD
from reverie.disciplines.card import CardError, parse_card, read_card
from reverie.disciplines.library import find, names
from reverie.disciplines.module import Module, OutOfRange, StaleKnowledge, open_card
from reverie.disciplines.units import scale
from reverie.errors import BadData, MissingData, UnknownName


def spoiled(tmp_path, old, new):
    assert old in CARD
    path = tmp_path / "fall.yaml"
    path.write_text(CARD.replace(old, new))
    return path


def test_a_card_answers_in_its_units(tmp_path):
    path = tmp_path / "fall.yaml"
    path.write_text(CARD)
    module = open_card(path)
    assert module({"time": [1.0, 2.0], "colour": ["red", "blue"]})["way"] == pytest.approx([4.905, 19.62])
    assert module({"time": [2.0]}, {"g": 10.0})["way"] == pytest.approx([20.0])
    assert module.row(time=2.0)["way"] == pytest.approx(19.62)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("g * time^2 / 2", "g * time^3 / 2", r"line 16: .*dimension length · time"),
        ("g * time^2 / 2", "h * time^2 / 2", "line 16: .*'h', which is not declared"),
        ("g * time^2 / 2", "g * time^2", "line 19: the worked example expects way = 19.62 m, the card computes 39.24"),
        ("unit: m/s^2", "unit: m/s", "line 16: "),
        ("unit: m/s^2", "unit: metres/sekond", "line 10: unit of g"),
        ("expect: {way: 19.62}", "expect: {way: 19.62 kg}", "line 19: '19.62 kg' has another dimension"),
        ("status: confirmed", "status: sure", "line 4: status"),
        ("calibrate: [g]", "calibrate: [h]", "no constant of the card"),
        ("version: 1.0.0", "version: one", "line 2: version"),
        ("  - {given: {time: 2}, expect: {way: 19.62}, source: by hand}", "  []", "line 18: examples"),
        ("  way: {unit: m, range: [0, 50000]}", "  way: {unit: m, range: [0, 1]}", "outside its range"),
        ("inputs:", "inputs: [", "not YAML"),
        ("  kind: expression", "  kind: belief", "line 13: body"),
    ],
)
def test_a_spoiled_card_is_refused_with_its_line(tmp_path, old, new, said):
    with pytest.raises(CardError, match=said):
        open_card(spoiled(tmp_path, old, new))


def test_the_digest_is_of_what_is_said(tmp_path):
    card = parse_card(CARD)
    assert (
        parse_card(
            "\n\n" + CARD.replace("{value: 9.81, unit: m/s^2, sd: 0.1}", "{unit: m/s^2, sd: 0.1, value: 9.81}")
        ).digest
        == card.digest
    )
    assert parse_card(CARD.replace("9.81,", "9.82,")).digest != card.digest
    assert parse_card(card.dump()).digest == card.digest
    with pytest.raises(MissingData):
        read_card(tmp_path / "none.yaml")
    with pytest.raises(UnknownName, match=r"physics\.stopping_distance"):
        Module.of("physics.stoping_distance")


def test_missing_columns_and_words_are_refused():
    module = Module.of("medicine.one_compartment_oral")
    with pytest.raises(BadData, match=r"needs the column time; given: dose.*time in hour"):
        module({"dose": [1.0]})
    with pytest.raises(BadData, match="holds words"):
        module({"dose": ["much"], "time": [1.0]})


@pytest.mark.parametrize("name", names())
def test_every_card_of_the_library(name):
    """It holds, and arrays, tensors and single rows agree."""
    module = open_card(find(name))
    assert module.card.card == name
    source = np.random.default_rng(0)
    columns = {}
    for key, thing in module.card.inputs.items():
        low, high = thing.range
        high = min(high, 10 * max(thing.default or 1.0, 1.0), 1000.0) if key != "year" else 2017
        value = source.uniform(max(low, 0.0), max(high, low), 7)
        columns[key] = (
            np.round(value) if key in ("year", "declarants", "parts", "lone_parent", "lone_raised") else value
        )
    answers = module(columns)
    base = {
        key: value * scale(module.card.inputs[key].unit).factor + scale(module.card.inputs[key].unit).offset
        for key, value in columns.items()
    }
    tensors = {key: torch.tensor(value) for key, value in base.items()} | module._constants
    with_torch = module.body.run(tensors, kind="torch")
    for output, value in answers.items():
        factor, offset = scale(module.card.outputs[output].unit)
        ours = torch.broadcast_to(torch.as_tensor(with_torch[output], dtype=torch.float64), (7,)).numpy()
        np.testing.assert_allclose((ours - offset) / factor, value, rtol=1e-9, atol=1e-9)
        one = module.row(**{key: float(column[3]) for key, column in columns.items()})[output]
        np.testing.assert_allclose(one, value[3], rtol=1e-9, atol=1e-9)


def test_the_library_has_two_cards_of_each_discipline():
    for discipline in ("physics", "chemistry", "biology", "medicine", "law", "sociology"):
        assert sum(name.startswith(discipline) for name in names()) >= 2


def test_a_differential_equation_agrees_with_scipy():
    module = Module.of("biology.lotka_volterra")
    times = np.linspace(0.0, 8.0, 9)
    answers = module({"time": times, "prey0": 30.0, "hunters0": 4.0})
    exact = solve_ivp(
        lambda t, s: [s[0] - 0.05 * s[0] * s[1], 0.05 * s[0] * s[1] - s[1]],
        (0, 8),
        [30.0, 4.0],
        t_eval=times,
        rtol=1e-10,
    )
    np.testing.assert_allclose(answers["prey"], exact.y[0], rtol=5e-4)
    np.testing.assert_allclose(answers["hunters"], exact.y[1], rtol=5e-4)


def test_a_table_gives_what_was_in_force():
    module = Module.of("law.us_diversity_amount")
    years = [1788, 1800, 1957, 1958, 2024]
    np.testing.assert_array_equal(module({"year": years})["threshold"], [np.nan, 500, 3000, 10000, 75000])
    assert module.at(date(1990, 1, 1))({"year": [2024]})["threshold"] == [50000]
    with pytest.raises(CardError, match="nothing is in force"):
        module.at(date(1700, 1, 1))


def test_an_exception_overrides_in_its_order():
    module = Module.of("law.us_diversity_jurisdiction")
    answers = module(
        {"amount": [1e6, 1e6, 10.0, 10.0], "shared_states": [0, 1, 0, 0], "federal_question": [0, 0, 0, 1]}
    )
    assert answers["jurisdiction"].tolist() == [1, 0, 0, 1]
    assert module.body.applied({"amount": 1e6, "shared_states": 1.0, "federal_question": 0.0, "threshold": 75000.0})[
        "jurisdiction"
    ].startswith("Strawbridge")


def test_rows_outside_and_rows_too_late_are_reported():
    with pytest.warns(OutOfRange, match="1 of 2 rows have speed outside"):
        Module.of("physics.stopping_distance").warn({"speed": [30.0, 300.0]})
    tax = Module.of("law.fr_income_tax")
    rows = {"salary_1": [3e4, 3e4], "declarants": [1, 1], "parts": [1, 1], "year": [2017, 2016]}
    assert tax.inspect(rows) == []
    with pytest.warns(StaleKnowledge, match="1 of 2 rows are later than 2016-12-31"):
        tax.at(date(2016, 12, 31)).warn(rows)


def income_tax_cases():
    import csv
    from pathlib import Path

    path = (
        Path(os.environ.get("REVERIE_DATA", "")) / "disciplines" / "law" / "openfisca_france_calculateur_impots_64.csv"
    )
    if not path.is_file():
        pytest.skip("no income tax cases under REVERIE_DATA")
    with path.open() as file:
        rows = list(csv.DictReader(file))

    def column(name):
        return np.array([float(row[name] or 0) for row in rows])

    columns = {name: column(name) for name in ("salary_1", "salary_2", "declarants", "year")}
    columns |= {"parts": column("nbptr"), "lone_parent": column("caseT"), "lone_raised": column("caseL")}
    veteran = np.maximum(np.maximum(column("caseW"), column("caseG")), column("caseS"))
    columns["special_halves"] = (
        column("caseP") + column("caseF") + column("nbG") + column("nbR") + column("nbI") / 2 + veteran
    )
    return columns, column("iai")


@pytest.mark.parametrize(("year", "exact"), [(2017, 64), (2016, 48), (2015, 32), (2014, 16), (2013, 0)])
def test_the_income_tax_to_the_euro_and_stale_before_any_mean_error(year, exact):
    columns, official = income_tax_cases()
    module = Module.of("law.fr_income_tax").at(date(year, 12, 31))
    assert (np.abs(module(columns)["tax"] - official) <= 1).sum() == exact
    notes = module.inspect(columns)
    assert (notes == []) == (exact == 64)
    if notes:
        assert notes[0].startswith(f"stale: {64 - exact} of 64 rows")


def test_a_simulator_is_given_and_never_loaded_by_a_card():
    text = CARD.partition("body:")[0].replace("physics.fall", "physics.model") + (
        "body: {kind: simulator, simulator: drop}\nexamples:\n  - {given: {time: 2}, expect: {way: 19.62}}\n"
    )
    card = parse_card(text)
    with pytest.raises(CardError, match="'drop' is not given"):
        open_card(card)
    module = open_card(card, simulators={"drop": lambda time: 9.81 * time**2 / 2})
    assert module({"time": [1.0]})["way"] == pytest.approx([4.905])


def test_reactions_are_imported_from_antimony():
    pytest.importorskip("antimony", reason="the package antimony is not installed: pip install 'reverie[disciplines]'")
    from reverie.disciplines.biochemical import read_antimony, read_sbml

    text = "model decay\n S1 -> S2; k*S1; k = 0.5; S1 = 10; S2 = 0\nend"
    card = read_antimony(text, card="chemistry.decay", title="Decay", reference="a test")
    assert card.status == "proposed"
    answers = open_card(card)({"time": [0.0, 2.0]})
    np.testing.assert_allclose(answers["S1_amount"], [10.0, 10.0 * np.exp(-1.0)], rtol=1e-6)
    np.testing.assert_allclose(answers["S1_amount"] + answers["S2_amount"], 10.0)
    with pytest.raises(BadData, match="no Antimony model"):
        read_antimony("S1 -> ; ->", card="chemistry.decay", title="Decay", reference="a test")
    with pytest.raises(BadData, match="no SBML model"):
        read_sbml("<nothing/>", card="chemistry.decay", title="Decay", reference="a test")
