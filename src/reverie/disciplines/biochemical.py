"""Reaction networks of biology, read from SBML or Antimony into a card with an ODE body.

BioModels and the like hold thousands of curated models; they are imported, not invented again. What is imported is
proposed: units are those of the model where it states none, and a person confirms.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

from pydantic import ValidationError

from reverie.disciplines.card import Card, Constant, Example, Input, OdeBody, Output, Source
from reverie.errors import BadData, ReverieError
from reverie.untrusted import read_text

__all__ = ["read_antimony", "read_sbml"]

_LETTERS, _DEEPEST, _ELEMENTS, _NESTED = 2_000_000, 100, 50_000, 2_000


def read_antimony(text: str, *, card: str, title: str, reference: str) -> Card:
    """A proposed card from an Antimony model.

    Parameters
    ----------
    text : str
        Antimony: `S1 -> S2; k*S1; k = 0.1; S1 = 10`.
    card : str
        The name that the card gets: discipline.topic.
    """
    try:
        import antimony
    except ImportError:
        raise ReverieError("Antimony needs its package. Run: pip install 'reverie[disciplines]'") from None
    if len(text) > _LETTERS or max((text.count(sign) for sign in "(["), default=0) > _NESTED:
        raise BadData(
            f"An Antimony model of {len(text)} letters. Expected at most {_LETTERS}, with {_NESTED} parentheses; give "
            "a part of it."
        )
    if re.search(r"^\s*import\b", text, re.M):
        raise BadData("The Antimony model imports another file, which is not read. Put what it needs into the text.")
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        raise BadData(f"This is no Antimony model: {antimony.getLastError().strip()}")
    return read_sbml(antimony.getSBMLString(antimony.getMainModuleName()), card=card, title=title, reference=reference)


def read_sbml(source: str | Path, *, card: str, title: str, reference: str) -> Card:
    """A proposed card from SBML: a text, or the path of a file.

    Species become states, their initial amounts constants, reactions rates. Events, rules and delays are refused.
    """
    try:
        import libsbml
    except ImportError:
        raise ReverieError("SBML needs the package python-libsbml. Run: pip install 'reverie[disciplines]'") from None
    text = read_text(source, largest=_LETTERS, what="SBML file") if isinstance(source, Path) else source
    _require_plain(text)
    document = libsbml.readSBMLFromString(text)
    model = document.getModel()
    if model is None or document.getNumErrors(libsbml.LIBSBML_SEV_ERROR):
        raise BadData(f"This is no SBML model: {document.getErrorLog().toString().strip()[:200] or 'no model in it'}")
    for what, count in (("events", model.getNumEvents()), ("rules", model.getNumRules())):
        if count:
            raise BadData(f"The model has {count} {what}; only reactions are read. Rewrite them as rates in a card.")
    try:
        return _card(model, libsbml, card=card, title=title, reference=reference)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadData(
            f"The model makes no card: {'.'.join(map(str, first['loc']))}: {first['msg']}. Rename it in the model."
        ) from None


def _require_plain(text: str) -> None:
    """Refuse XML that the reader, which is written in C, would follow too far: entities, and elements in elements."""
    depth = count = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > _DEEPEST or count > _ELEMENTS:
            raise BadData(f"The SBML has more than {_DEEPEST} levels or {_ELEMENTS} elements. Give a part of it.")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*words: Any) -> None:
        raise BadData("The SBML declares a document type or entities, which are not read. Remove them.")

    if len(text) > _LETTERS:
        raise BadData(f"The SBML has {len(text)} letters. Expected at most {_LETTERS}; give a part of it.")
    reader = ParserCreate("utf-8")
    reader.StartElementHandler, reader.EndElementHandler, reader.StartDoctypeDeclHandler = begin, end, refuse
    try:
        reader.Parse(text.encode("utf-8"), True)
    except (ExpatError, UnicodeEncodeError) as error:
        raise BadData(f"This is no SBML model: {error}. Write it as XML in UTF-8.") from None


def _card(model: Any, libsbml: Any, *, card: str, title: str, reference: str) -> Card:
    species = [s for s in model.getListOfSpecies() if not s.getBoundaryCondition() and not s.getConstant()]
    names = [s.getId() for s in species]
    fixed = [s for s in model.getListOfSpecies() if s.getId() not in names]
    constants = {p.getId(): Constant(value=p.getValue()) for p in model.getListOfParameters()}
    constants |= {c.getId(): Constant(value=c.getSize()) for c in model.getListOfCompartments()}
    constants |= {s.getId(): Constant(value=_start(s)) for s in fixed}
    constants |= {f"{name}_start": Constant(value=_start(s)) for name, s in zip(names, species, strict=True)}
    constants["per_time"] = Constant(value=1.0, unit="1/second", meaning="the model's unit of time is the second")
    terms: dict[str, list[str]] = {name: [] for name in names}
    for reaction in model.getListOfReactions():
        law = reaction.getKineticLaw()
        if law is None or law.getMath() is None:
            raise BadData(f"The reaction {reaction.getId()!r} has no rate. Give it one.")
        local = {p.getId(): p.getValue() for p in law.getListOfParameters()}
        formula = libsbml.formulaToL3String(law.getMath())
        for name, value in local.items():
            formula = re.sub(rf"\b{re.escape(name)}\b", f"{reaction.getId()}_{name}", formula)
            constants[f"{reaction.getId()}_{name}"] = Constant(value=value)
        for sign, references in (("-", reaction.getListOfReactants()), ("+", reaction.getListOfProducts())):
            for one in references:
                if one.getSpecies() in terms:
                    count = one.getStoichiometry()
                    terms[one.getSpecies()].append(f"{sign} {f'{count:g} * ' if count != 1 else ''}({formula})")
    return Card(
        card=card,
        version="0.1.0",
        title=title,
        status="proposed",
        valid_from=date.today(),
        source=Source(title=title, reference=reference, found=f"SBML model {model.getId()}"),
        inputs={"time": Input(unit="second")},
        constants=constants,
        outputs={f"{name}_amount": Output(meaning=s.getName()) for name, s in zip(names, species, strict=True)},
        body=OdeBody(
            kind="ode",
            time="time",
            states={name: f"{name}_start" for name in names},
            units=dict.fromkeys(names, "dimensionless"),
            rates={name: f"per_time * (0 {' '.join(parts)})" for name, parts in terms.items()},
            equations={f"{name}_amount": name for name in names},
        ),
        examples=(Example(given={"time": 0.0}, expect={f"{s.getId()}_amount": _start(s) for s in species}),),
    )


def _start(species: Any) -> float:
    value = species.getInitialConcentration() if species.isSetInitialConcentration() else species.getInitialAmount()
    return float(value) if value == value else 0.0
