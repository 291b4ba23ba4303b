"""An unknown option is answered with the name of the function, all its options, and the one that was meant."""

import inspect

import numpy as np
import pytest

import tensorly_hdr as hdr
from tensorly_hdr import interop, metrics, music, plotting
from tensorly_hdr._validation.keywords import OPTIONS, VALUES, likely
from tensorly_hdr.factorization.init import STARTS
from tensorly_hdr.losses import LOSSES
from tensorly_hdr.regression import KL_SOLVERS, LS_SOLVERS

Y = np.random.default_rng(0).random((6, 5)) + 0.1


def functions_of(module):
    own = [n for n, f in vars(module).items() if n[0] != "_" and getattr(f, "__module__", "") == module.__name__]
    found = {n: getattr(module, n) for n in getattr(module, "__all__", own)}
    return {n: f for n, f in found.items() if inspect.isfunction(f) and inspect.signature(f).parameters}


EVERY = {}
for module in (hdr, metrics, interop, music, plotting):
    EVERY |= functions_of(module)


@pytest.mark.parametrize("name", EVERY)
def test_every_public_function_names_itself_its_arguments_and_the_likely_one(name):
    own = [p.name for p in inspect.signature(EVERY[name]).parameters.values() if p.kind is not p.VAR_KEYWORD]
    misspelt = own[-1] + "_"
    with pytest.raises(TypeError, match=rf"{name}\(\) has no option '{misspelt}'") as caught:
        EVERY[name](**{misspelt: 1})
    assert f"its arguments are {', '.join(own)}" in str(caught.value)
    assert len(own[-1]) < 3 or f"did you mean {own[-1]!r}" in str(caught.value)


def test_the_table_is_not_empty():
    assert {"nmf", "nnls", "spa", "compare_ranks", "core_consistency", "to_tensorly", "transcribe"} <= set(EVERY)


@pytest.mark.parametrize(
    ("call", "given", "meant"),
    [
        (lambda **o: hdr.nmf(Y, 2, **o), "random_state", "seed"),
        (lambda **o: hdr.nmf(Y, **o), "n_components", "rank"),
        (lambda **o: hdr.nmf(Y, 2, **o), "beta_loss", "loss"),
        (lambda **o: hdr.ncp(Y, 2, **o), "n_iter_max", "max_iter"),
        (lambda **o: hdr.nmf(Y, 2, **o), "alpha_W", "penalties"),
        (lambda **o: hdr.nnls(Y, Y[:, 0], **o), "l1", "penalty"),
        (lambda **o: hdr.nnkl(Y, Y[:, 0], **o), "verbose", "progress"),
        (lambda **o: hdr.compare_ranks(Y, [1], **o), "n_iter_max", "max_iter"),
        (lambda **o: hdr.compare_ranks(Y, [1], **o), "sedd", "seed"),
        (lambda **o: hdr.tucker_compress(Y, 2, **o), "verbose", "progress"),
        (lambda **o: hdr.sparse_nnls(Y, Y[:, 0], **o), "n_nonzero_coefs", "k"),
    ],
)
def test_the_words_of_other_packages_are_understood(call, given, meant):
    with pytest.raises(TypeError, match=f"did you mean '{meant}' for '{given}'"):
        call(**{given: 1})


def test_the_missing_entries_are_sent_to_the_functions_that_take_them():
    with pytest.raises(TypeError, match="taken by nmf, ncp, compare_ranks, holdout and core_consistency"):
        hdr.minvol_nmf(Y, 2, mask=Y > 0)
    for name in ("nmf", "ncp", "compare_ranks", "holdout", "core_consistency"):
        assert "mask" in inspect.signature(EVERY[name]).parameters


def test_every_synonym_leads_to_an_option_of_some_function():
    options = {p for f in EVERY.values() for p in inspect.signature(f).parameters} | set(hdr.Stop.__annotations__)
    assert {name for names in OPTIONS.values() for name in names} <= options
    values = {*STARTS, *LOSSES, *LS_SOLVERS, *KL_SOLVERS}
    assert {name for names in VALUES.values() for name in names} <= values
    assert not values & VALUES.keys()


@pytest.mark.parametrize(
    ("option", "given", "meant"),
    [
        ("loss", "kullback-leibler", "kl"),
        ("loss", "Kullback-Leibler", "kl"),
        ("loss", "KL", "kl"),
        ("loss", "frobenious", "frobenius"),
        ("init", "nndsvd", "svd"),
        ("solver", "cd", "hals"),
        ("solver", "MU", "mu"),
    ],
)
def test_the_values_of_other_packages_are_understood(option, given, meant):
    with pytest.raises(ValueError, match=f"{option} must be one of .* did you mean '{meant}'"):
        hdr.nmf(Y, 2, **{option: given})


def test_nothing_is_proposed_for_a_word_that_resembles_nothing():
    assert likely("zzzz", ["seed", "rank"], OPTIONS) is None
    with pytest.raises(TypeError, match=r"has no option 'zzzz': its arguments are Y, rank\."):
        hdr.spa(Y, 2, zzzz=1)


@pytest.mark.parametrize(
    "fit",
    [
        lambda **o: hdr.nmf(Y, 2, seed=0, **o),
        lambda **o: hdr.nmf(Y, 2, seed=0, extrapolate=True, **o),
        lambda **o: hdr.nmf(Y, 2, seed=0, loss="kl", **o),
        lambda **o: hdr.nnls(Y[:, :2], Y, solver="hals", **o),
        lambda **o: hdr.nnkl(Y[:, :2], Y, solver="mu", **o),
        lambda **o: hdr.minvol_nmf(Y, 2, **o),
        lambda **o: hdr.convolutive_nmf(Y, 2, 2, seed=0, **o),
        lambda **o: hdr.nonnegative_tucker(Y, 2, seed=0, **o),
        lambda **o: hdr.tucker_compress(Y, 2, **o),
        lambda **o: hdr.pro_als(Y, 2, seed=0, **o),
        lambda **o: hdr.smooth_cp(Y, 2, Y[:, :3], seed=0, **o),
        lambda **o: hdr.dictionary_cp(Y, 2, Y, 2, seed=0, **o),
        lambda **o: hdr.one_sparse_dlra(Y, Y, 2, seed=0, **o),
        lambda **o: hdr.complete_dictionary_learning(Y, 3, 2, seed=0, **o),
        lambda **o: hdr.mixed_sparse_coding(Y, Y, Y.T[:, :2], 2, seed=0, **o),
    ],
)
def test_a_callback_that_writes_into_what_it_sees_changes_nothing(fit):
    def spoil(k, x, info):
        for u in x if isinstance(x, tuple | list) else [x]:
            u[...] = -7.0
        info["restart"], info["gap"] = True, 0.0

    calm, spoilt = fit(max_iter=8, callback=lambda k, x, info: None), fit(max_iter=8, callback=spoil)
    np.testing.assert_array_equal(spoilt.trace.loss, calm.trace.loss)
    assert spoilt.status == calm.status
