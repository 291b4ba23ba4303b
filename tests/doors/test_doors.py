"""Every public function stands in the table of bad inputs, with all of its arguments, and withstands a part of it."""

import copy
import warnings

import pytest

from .attack import PENDING, failures, pairs, sample, title
from .registry import DOORS, public, trusting


def test_a_public_function_missing_from_the_table_of_bad_inputs_fails():
    covered = {door.function for door in DOORS.values()}
    missing = {name for function, name in public().items() if function not in covered | trusting()}
    assert not missing, f"give each of {sorted(missing)} a valid call in tests/doors/registry.py"


def test_no_function_is_both_attacked_and_trusting():
    assert not {door.function for door in DOORS.values()} & trusting()


@pytest.mark.parametrize("name", DOORS)
def test_the_table_holds_every_argument(name):
    assert not DOORS[name].missing()


@pytest.mark.parametrize("name", DOORS)
def test_the_valid_call_is_valid(name):
    if name == "music.render":
        pytest.importorskip("midirenderer")  # an extra of the notebooks, which the oldest versions are tested without
    """It does not raise: a clear error, which ``failures`` lets pass, would make all attacks on it void."""
    door = DOORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        door.function(**copy.deepcopy(door.arguments))
    assert not failures((name, ()))


@pytest.mark.parametrize("name", [name for name in DOORS if not name.startswith(PENDING)])
def test_odd_arguments_give_a_clear_error_or_a_sound_result(name):
    """A few of the cases of ``python -m tests.doors.attack``, which tries all of them."""
    bad = [f"{title(case)} -> {found}" for case in (*sample(name, 60), *pairs(name, 20)) if (found := failures(case))]
    assert not bad, "\n".join(bad)
