"""From text to a proposed card; what is ambiguous, of a wrong unit or without an example is refused with its reason."""

import pytest

from reverie.disciplines.extraction import propose, read_document
from reverie.disciplines.module import Module, open_card
from reverie.disciplines.seeded import seed_errors
from reverie.errors import BadData, MissingData

STOP = """The stopping distance of a car follows from mechanics:
d = v t + v^2 / (2 a), where d is the stopping distance in m, v is the speed in km/h, t = 2.5 s is the reaction
time, and a = 3.4 m/s^2 is the deceleration. For example, for v = 90 km/h, d = 154.4 m."""
GAS = r"""The pressure of a gas is \begin{equation} p = \frac{n R T}{V} \end{equation} where $p$ is the pressure in Pa,
$n$ is the amount in mol, $T$ is the temperature in kelvin, $V$ is the volume in m^3 and $R = 8.314$ J/mol/K is the gas
constant. For example, n = 1 mol at T = 273.15 kelvin in V = 22.4 L gives p = 101.3 kPa."""


def test_plain_text_becomes_a_card_that_computes():
    (found,) = propose(STOP, name="physics.stopping", source="mechanics.txt")
    assert found.holds, found.problems
    assert (found.card.status, found.card.source.reference) == ("proposed", "mechanics.txt, line 2")
    assert found.card.source.found == "d = v t + v^2 / (2 a)"
    assert {n: c.unit for n, c in found.card.constants.items()} == {"t": "s", "a": "m/s^2"}
    assert open_card(found.card)({"v": [90.0]})["d"][0] == pytest.approx(154.4, rel=1e-3)


def test_latex_becomes_a_card_with_units_converted_in_its_example():
    (found,) = propose(GAS)
    assert found.holds, found.problems
    assert found.card.examples[0].given["V"] == "22.4 L"
    assert found.card.examples[0].expect["p"] == "101.3 kPa"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("v is the speed in km/h, ", "", "not declared"),
        ("speed in km/h", "speed in kg", "dimension"),
        ("v^2 / (2 a)", "v^3 / (2 a)", "dimension"),
        ("v^2 / (2 a)", "v^2 / (3 a)", "the worked example expects d = 154.4 m"),
        ("d = v t +", "d = v t -", "the worked example expects"),
        ("For example, for v = 90 km/h, d = 154.4 m.", "", "no worked example"),
        ("d is the stopping distance in m, ", "", "does not say what d is"),
        ("v^2 / (2 a)", "v^2 / 2 a t", "not|divided"),
    ],
)
def test_what_does_not_hold_is_refused_with_its_reason(old, new, said):
    assert old in STOP
    (found,) = propose(STOP.replace(old, new))
    assert not found.holds
    import re

    assert re.search(said, found.problems[0]), found.problems


def test_a_plugged_in_finder_is_checked_like_the_rest():
    wrong = propose(STOP, finder=lambda text: ["d = v t + v^2 / a"])
    assert "the worked example" in wrong[0].problems[0]
    assert propose(STOP, finder=lambda text: ["d = v t + v^2 / (2 a)"])[0].holds
    assert propose("There is nothing here.") == []


def test_documents(tmp_path):
    path = tmp_path / "gas.tex"
    path.write_text(GAS)
    assert propose(read_document(path))[0].holds
    with pytest.raises(MissingData):
        read_document(tmp_path / "none.txt")
    torn = tmp_path / "torn.pdf"
    torn.write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(BadData, match="no readable PDF"):
        read_document(torn)


def test_a_pdf_is_read(tmp_path):
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    path = tmp_path / "stop.pdf"
    with PdfPages(path) as pages:
        figure = Figure(figsize=(10, 4))
        figure.text(0.02, 0.5, STOP, parse_math=False)
        pages.savefig(figure)
    (found,) = propose(read_document(path))
    assert found.holds, found.problems


def test_seeded_errors_are_caught():
    found = []
    for name in ("physics.stopping_distance", "medicine.one_compartment_oral", "chemistry.langmuir"):
        found += seed_errors(Module.of(name).card)
    caught = [one.by_dimension or one.by_example for one in found]
    assert len(found) > 50
    missed = [one for one, held in zip(found, caught, strict=True) if not held]
    assert sum(caught) >= 0.98 * len(found), missed
    signs = [one for one in found if one.kind == "factor"]
    assert not any(one.by_dimension for one in signs)  # dimensions alone cannot see a factor
