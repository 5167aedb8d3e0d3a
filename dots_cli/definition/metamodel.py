"""ESDL's classes and pyESDL's loader. The one module that imports pyESDL."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

from dots_cli.definition.located import nearest

ROOT = "EnergySystem"
_WORTH_SIMULATING = ("Asset", "AbstractBuilding", "Service", "EnvironmentalProfiles", ROOT)


def known_classes() -> frozenset[str]:
    """The names of the ESDL classes that objects can have."""
    return frozenset(
        name
        for name, python_class in _metamodel().eClassifiers.items()
        if _is_class(python_class) and not python_class.eClass.abstract
    )


def _metamodel() -> Any:
    from esdl import esdl

    return esdl


def new_handler() -> Any:
    """A pyESDL `EnergySystemHandler`. It completes the metamodel: make one before asking that."""
    from esdl.esdl_handler import EnergySystemHandler

    logging.getLogger("esdl").setLevel(logging.ERROR)  # its warnings are found by our own pass
    return EnergySystemHandler()


def load(handler: Any, text: str) -> Exception | None:
    """Load as the models do; what pyESDL raises, whatever it is, means that it refuses the file.

    The energy system stays in memory until the process ends, out of the garbage collector's sight:
    to look for garbage in its hundred thousand objects takes as long as a quarter of the loading.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        handler.load_from_string(text)
    except Exception as failure:
        return failure
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
    return None


def is_there(handler: Any, path: str) -> bool:
    """Whether a path like `//@instance.0/@area` leads to an object of what was loaded."""
    try:
        return bool(handler.resource.resolve(path))
    except Exception:  # pyecore raises what the step that fails happens to raise
        return False


class Kind:
    """An ESDL class, and what was learnt of it so far."""

    def __init__(self, python_class: Any, name: str) -> None:
        self.python_class = python_class
        self.name = name
        self.abstract = bool(python_class.eClass.abstract)
        self.has_id = python_class.eClass.findEStructuralFeature("id") is not None
        self.ancestors = frozenset(base.__name__ for base in python_class.__mro__)
        self.simulatable = not self.ancestors.isdisjoint(_WORTH_SIMULATING)
        self.connectable = not self.ancestors.isdisjoint((*_WORTH_SIMULATING, "Port"))
        self.children: dict[tuple[str, str | None], Child] = {}
        self._features: dict[str, Any] = {}

    def feature(self, name: str) -> Any:
        """The attribute, reference or containment of that name; None where there is none."""
        if name not in self._features:
            self._features[name] = self.python_class.eClass.findEStructuralFeature(name)
        return self._features[name]

    def child(self, tag: str, xsi_type: str | None) -> Child:
        """What an element of that tag and type is below an object of this class."""
        key = (tag, xsi_type)
        if key not in self.children:
            self.children[key] = _child(self, tag, xsi_type)
        return self.children[key]


@dataclass(frozen=True)
class Child:
    """What an element is: an object of a class, a plain value (no kind), or wrong."""

    kind: Kind | None = None
    single: bool = False
    wrong: str = ""
    hint: str = ""


@cache
def kind_of(class_name: str) -> Kind | None:
    """The ESDL class of that name, None where there is none.

    A class that ESDL has renamed since keeps the name that the file gives it: models have an older
    pyESDL, and services ask for the name.
    """
    classes = _metamodel().eClassifiers
    python_class = classes.get(class_name) or classes.get(_renamed(class_name))
    return Kind(python_class, class_name) if _is_class(python_class) else None


def _is_class(classifier: Any) -> bool:
    """Enumerations and data types stand among the classes too."""
    return isinstance(classifier, type) and hasattr(classifier, "eClass")


def _renamed(class_name: str) -> str:
    try:
        from esdl.version_migrations.migration import VersionMigration
    except ImportError:  # older releases of pyESDL know of no renaming
        return class_name
    new_name: str = VersionMigration().check_class_migration_mappings(class_name)
    return new_name


def _child(parent: Kind, tag: str, xsi_type: str | None) -> Child:
    feature = parent.feature(tag)
    if feature is None:
        near = nearest(tag, (f.name for f in parent.python_class.eClass.eAllReferences()))
        hint = f"Did you mean <{near}>?" if near else "Remove it."
        return Child(wrong=f"ESDL knows no <{tag}> in {parent.name}", hint=hint)
    if feature.is_attribute:
        return Child()
    expected: str = feature.eType.__name__
    prefix, _, class_name = (xsi_type or f":{expected}").rpartition(":")
    kind = kind_of(class_name)
    if xsi_type is not None and not prefix:
        wrong, hint = f"xsi:type '{xsi_type}' has no prefix", f'Write xsi:type="esdl:{class_name}".'
    elif kind is None:
        near = nearest(class_name, known_classes())
        wrong = f"ESDL knows no class '{class_name}'"
        hint = f"Did you mean '{near}'?" if near else "Export the file with a current ESDL editor."
    elif expected not in kind.ancestors:
        wrong = f"{class_name} cannot stand in <{tag}> of {parent.name}: that takes {expected}"
        hint = "Move it to where it belongs, or correct its xsi:type."
    elif kind.abstract:
        wrong = f"<{tag}> of {parent.name} does not say which {expected} it is"
        hint = f'Add xsi:type="esdl:..." with a class that is one, for <{tag}>.'
    else:
        return Child(kind, single=not feature.many)
    return Child(wrong=wrong, hint=hint)
