"""The measured data sets of the benchmark of disciplines, each with the modules that belong to it.

Rows are split by what must not be on both sides: patients, household types, countries, else by chance.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.disciplines import Module, Theory, open_card, parse_card
from reverie.streams.locate import folders

GLM = """
card: physics.lake_simulation
version: 1.0.0
title: Temperature of Lake Mendota, simulated by the General Lake Model without calibration
status: confirmed
valid_from: 2017-01-01
source: {title: "A. Daw, A. Karpatne et al. 2017", reference: "arXiv:1710.11431"}
inputs: {simulated: {unit: degC}}
outputs: {temperature: {unit: degC}}
body: {kind: simulator, simulator: lake}
examples: [{given: {simulated: 10}, expect: {temperature: 10}}]
"""


@dataclass
class DataSet:
    """Columns, target, and what belongs to it."""

    name: str
    columns: dict[str, NDArray[Any]]
    y: NDArray[Any]
    features: list[str]
    theories: list[Theory]
    groups: NDArray[Any] | None = None
    classes: bool = False
    most: int = 3000
    tests: float = 0.4
    notes: dict[str, str] = field(default_factory=dict)

    def split(self, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Rows to draw from, and test rows."""
        source = np.random.default_rng(1000 + seed)
        if self.groups is None:
            order = source.permutation(len(self.y))
            cut = max(int(self.tests * len(order)), 4)
            return order[cut:], order[:cut]
        names = source.permutation(np.unique(self.groups))
        held = set(names[: max(round(self.tests * len(names)), 1)].tolist())
        test = np.array([group in held for group in self.groups])
        rows = source.permutation(len(self.y))
        return rows[~test[rows]], rows[test[rows]]


def folder() -> Path:
    for root in folders():
        if (root / "disciplines").is_dir():
            return root / "disciplines"
    raise SystemExit("No folder disciplines under $REVERIE_DATA.")


def table(path: str) -> dict[str, NDArray[Any]]:
    with (folder() / path).open(encoding="utf-8-sig") as file:
        lines = [line for line in file if not line.startswith("#")]
    rows = list(csv.DictReader(lines, skipinitialspace=True))
    found: dict[str, NDArray[Any]] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        try:
            found[name.strip()] = np.array([float(value or "nan") for value in values])
        except ValueError:
            found[name.strip()] = np.array(values)
    return found


def nist(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """x and y of a NIST reference set: the lines after the one that begins with 'Data:   y'."""
    lines = (folder() / "physics" / "nist_strd" / f"{name}.dat").read_text().splitlines()
    start = max(place for place, line in enumerate(lines) if line.startswith("Data:"))
    rows = np.array([[float(part) for part in line.split()] for line in lines[start + 1 :] if line.strip()])
    return rows[:, 1], rows[:, 0]


def of(name: str, **rename: str) -> Theory:
    return Theory(Module.of(name), rename=rename)


def lake() -> DataSet:
    from scipy.io import loadmat

    found = loadmat(folder() / "physics" / "mendota.mat")
    names = {"Depth": "depth", "doy": "day", "ShortWave": "short_wave", "LongWave": "long_wave", "AirTemp": "air"}
    names |= {"RelHum": "humidity", "WindSpeed": "wind", "Rain": "rain", "Snow": "snow", "Modeled_temp": "simulated"}
    names |= {"freezing": "freezing", "growing_deg_days": "degree_days"}
    columns = {new: found[old].astype(float).ravel() for old, new in names.items()}
    model = open_card(parse_card(GLM), simulators={"lake": lambda simulated: simulated})
    features = [name for name in columns if name != "simulated"]
    y = found["Observed_temp"].astype(float).ravel()
    return DataSet("lake heat", columns, y, features, [Theory(model), of("physics.annual_wave")])


def stopping() -> DataSet:
    rows = table("physics/cars_stopping.csv")
    return DataSet(
        "stopping distance", {"speed": rows["speed"]}, rows["dist"], ["speed"], [of("physics.stopping_distance")]
    )


def expansion() -> DataSet:
    x, y = nist("Hahn1")
    return DataSet("thermal expansion", {"temperature": x}, y, ["temperature"], [of("physics.thermal_expansion")])


def ultrasound() -> DataSet:
    x, y = nist("Chwirut1")
    return DataSet("ultrasound", {"distance": x}, y, ["distance"], [of("physics.ultrasound_attenuation")])


def pressure() -> DataSet:
    rows = table("physics/mercury_vapour_pressure.csv")
    y = np.log10(rows["pressure"])
    return DataSet(
        "vapour pressure", {"temperature": rows["temperature"]}, y, ["temperature"], [of("chemistry.vapour_pressure")]
    )


def solubility() -> DataSet:
    from rdkit import Chem, RDLogger
    from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    rows = table("chemistry/delaney-processed.csv")
    molecules = [Chem.MolFromSmiles(text.strip()) for text in rows["smiles"]]
    asked: dict[str, Callable[[Any], float]] = {
        "logp": Crippen.MolLogP,  # type: ignore[attr-defined]
        "weight": Descriptors.MolWt,  # type: ignore[attr-defined]
        "polar": rdMolDescriptors.CalcTPSA,
        "rings": rdMolDescriptors.CalcNumRings,
        "rotatable": rdMolDescriptors.CalcNumRotatableBonds,
        "donors": rdMolDescriptors.CalcNumHBD,
        "aromatic": lambda one: sum(atom.GetIsAromatic() for atom in one.GetAtoms()) / one.GetNumHeavyAtoms(),
    }
    columns = {name: np.array([float(call(one)) for one in molecules]) for name, call in asked.items()}
    y = rows["measured log solubility in mols per litre"]
    return DataSet("solubility", columns, y, list(columns), [of("chemistry.general_solubility")])


def adsorption() -> DataSet:
    x, y = nist("Misra1a")
    return DataSet("adsorption", {"pressure": x}, y, ["pressure"], [of("chemistry.langmuir")], tests=0.28)


def enzyme() -> DataSet:
    rows = table("biology/puromycin.csv")
    columns = {"substrate": rows["conc"], "treated": (rows["state"] == "treated").astype(float)}
    return DataSet("enzyme", columns, rows["rate"], list(columns), [of("biology.michaelis_menten")], tests=0.3)


def hunters() -> DataSet:
    rows = table("biology/hudson-bay-lynx-hare.csv")
    columns = {"prey0": rows["Hare"][:-1], "hunters0": rows["Lynx"][:-1], "time": np.ones(len(rows["Hare"]) - 1)}
    theory = of("biology.lotka_volterra")
    return DataSet("hunters and prey, next year", columns, rows["Hare"][1:], ["prey0", "hunters0"], [theory], tests=0.4)


def theophylline() -> DataSet:
    rows = table("medicine/theoph.csv")
    columns = {"dose": rows["Dose"], "time": rows["Time"], "weight": rows["Wt"]}
    theory = of("medicine.one_compartment_oral")
    return DataSet(
        "theophylline, new patients", columns, rows["conc"], list(columns), [theory], rows["Subject"], tests=0.35
    )


def income_tax() -> DataSet:
    rows = table("law/openfisca_france_calculateur_impots_64.csv")
    columns = {name: rows[name] for name in ("salary_1", "salary_2", "declarants", "year")}
    columns |= {"parts": rows["nbptr"], "lone_parent": rows["caseT"], "lone_raised": rows["caseL"]}
    veteran = np.maximum(np.maximum(rows["caseW"], rows["caseG"]), rows["caseS"])
    columns["special_halves"] = rows["caseP"] + rows["caseF"] + rows["nbG"] + rows["nbR"] + rows["nbI"] / 2 + veteran
    return DataSet(
        "income tax, new households",
        columns,
        rows["iai"],
        list(columns),
        [of("law.fr_income_tax")],
        rows["file"],
        tests=0.35,
    )


def preston() -> DataSet:
    rows = table("sociology/gapminder.csv")
    last = rows["year"] == 2007
    columns = {"income": rows["gdpPercap"][last], "population": rows["pop"][last]}
    return DataSet("life expectancy", columns, rows["lifeExp"][last], list(columns), [of("sociology.preston_curve")])


def epidemic() -> DataSet:
    rows = table("sociology/influenza_england_1978_school.csv")
    columns = {"time": np.arange(len(rows["in_bed"]), dtype=float), "first": np.full(len(rows["in_bed"]), 3.0)}
    return DataSet(
        "epidemic in a school", columns, rows["in_bed"], ["time"], [of("sociology.school_epidemic")], tests=0.28
    )


def cytology() -> DataSet:
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    columns = {str(name).replace(" ", "_"): found.data[:, place] for place, name in enumerate(found.feature_names)}
    theory = of("medicine.cytology_grade", radius="worst_radius", notches="worst_concave_points")
    return DataSet("breast cytology", columns, found.target, list(columns), [theory], classes=True)


SETS: list[Callable[[], DataSet]] = [
    *(lake, stopping, expansion, ultrasound, pressure, solubility, adsorption, enzyme, hunters, theophylline),
    *(income_tax, preston, epidemic, cytology),
]
