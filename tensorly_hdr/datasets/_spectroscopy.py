"""Simulated spectroscopy: fluorescence of mixtures, hyperspectral scenes."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tensorly_hdr import _validation as check
from tensorly_hdr.datasets._record import Dataset
from tensorly_hdr.datasets._simulate import Seed, array, noisy, simulated
from tensorly_hdr.linalg import reconstruct


def gaussian(x: NDArray, centre: NDArray, fwhm: NDArray) -> NDArray:
    """Gaussian bands of height one, shape (len(x), bands); ``fwhm`` is the full width at half maximum."""
    return np.asarray(np.exp2(-((2 * (x[:, None] - centre) / fwhm) ** 2)))


def lorentzian(x: NDArray, centre: NDArray, fwhm: NDArray) -> NDArray:
    """Lorentzian bands of height one, shape (len(x), bands); ``fwhm`` is the full width at half maximum."""
    return np.asarray(1 / (1 + (2 * (x[:, None] - centre) / fwhm) ** 2))


PROFILES: dict[str, Callable[[NDArray, NDArray, NDArray], NDArray]] = {
    "gaussian": gaussian,
    "lorentzian": lorentzian,
}


def reflectance(wavelength: NDArray, rank: int, rng: np.random.Generator) -> NDArray:
    """Smooth spectra in (0, 1), one a column: a continuum times a few Gaussian absorptions."""
    low, high = wavelength[0], wavelength[-1]
    span = (high - low) or 1.0  # one band alone spans nothing
    ramp = (wavelength[:, None] - low) / span
    level, slope = rng.uniform(0.3, 0.9, rank), rng.uniform(-0.4, 0.4, rank)
    spectra = np.clip(level + slope * (ramp - 0.5), 0.05, 0.95)
    for _ in range(4):
        centre, width = rng.uniform(low, high, rank), rng.uniform(0.05, 0.3, rank) * span
        spectra *= 1 - rng.uniform(0.1, 0.6, rank) * gaussian(wavelength, centre, width)
    return np.asarray(spectra)


def smooth_abundances(shape: tuple[int, int], rank: int, length: float, rng: np.random.Generator) -> NDArray:
    """Draw maps (rows, columns, rank), nonnegative, summing to one in each pixel.

    Softmax of independent Gaussian random fields, periodic, whose correlation length is ``length`` pixels: white noise
    times a Gaussian in the Fourier domain.
    """
    fy, fx = np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), indexing="ij")
    low_pass = np.exp(-2 * (np.pi * length) ** 2 * (fx**2 + fy**2))
    white = rng.standard_normal((rank, *shape))
    fields = np.fft.ifft2(np.fft.fft2(white) * low_pass).real
    fields /= fields.std(axis=(1, 2), keepdims=True)
    weights = np.exp(3 * (fields - fields.max(axis=0)))
    return np.ascontiguousarray(np.moveaxis(weights / weights.sum(axis=0), 0, -1))


def eem(
    shape: Sequence[int] = (20, 60, 40),
    rank: int = 3,
    *,
    noise: float = 0.0,
    profile: Literal["gaussian", "lorentzian"] = "gaussian",
    seed: Seed = None,
) -> Dataset:
    r"""Simulate fluorescence excitation-emission matrices of mixtures: a trilinear tensor.

    In dilute solution the intensity of fluorophore :math:`q` is its concentration times its emission spectrum times its
    excitation spectrum, and intensities add up:
    :math:`T_{ijk} = \sum_q c_{iq}\, e_q(\lambda_j)\, x_q(\lambda_k)`. Each spectrum is one band of height one; emission
    is shifted to longer wavelengths than excitation by 40 to 100 nm (Stokes shift). No scattering is simulated.

    Parameters
    ----------
    shape : sequence of three int
        Number of samples, emission wavelengths (300-600 nm) and excitation wavelengths (220-450 nm).
    rank : int
        Number of fluorophores.
    noise : float
        Norm of the noise over the norm of the clean tensor.
    profile : {"gaussian", "lorentzian"}
        Shape of the bands.
    seed : int or numpy.random.Generator, optional
        Same seed, same data.

    Returns
    -------
    Dataset
        ``data`` (sample, emission, excitation); ``truth``: concentration, emission, excitation, one component a column.

    Examples
    --------
    >>> eem((5, 30, 20), rank=2, seed=0)
    <Dataset eem: sample 5, emission 30, excitation 20; truth: concentration, emission, excitation>
    """
    sizes = check.sizes("shape", shape, count=3)
    rank, noise = check.positive_int("rank", rank), check.nonneg_float("noise", noise)
    band = check.choice("profile", profile, PROFILES)
    rng = check.generator(seed)
    emission, excitation = np.linspace(300, 600, sizes[1]), np.linspace(220, 450, sizes[2])
    centre = rng.uniform(260, 410, rank)
    factors = [
        rng.uniform(0.0, 1.0, (sizes[0], rank)),
        band(emission, centre + rng.uniform(40, 100, rank), rng.uniform(40, 90, rank)),
        band(excitation, centre, rng.uniform(30, 70, rank)),
    ]
    coords = {
        "emission": ("emission", emission, {"long_name": "Emission wavelength", "units": "nm"}),
        "excitation": ("excitation", excitation, {"long_name": "Excitation wavelength", "units": "nm"}),
    }
    dims = ("sample", "emission", "excitation")
    truth = {
        name: array(u, dim, "component", coords=coords)
        for name, dim, u in zip(("concentration", *dims[1:]), dims, factors, strict=True)
    }
    for name, units in (("concentration", "a.u."), ("emission", "1"), ("excitation", "1")):
        truth[name].attrs = {"long_name": name.capitalize(), "units": units}
    data = array(noisy(reconstruct(factors), noise, rng), *dims, coords=coords)
    data.attrs = {"long_name": "Fluorescence intensity", "units": "a.u."}
    return simulated("eem", data, truth, f"{profile} bands, {rank} fluorophores, relative noise {noise:g}.")


def hyperspectral_scene(
    shape: Sequence[int] = (40, 40),
    n_bands: int = 100,
    rank: int = 4,
    *,
    noise: float = 0.0,
    pure_pixels: bool = True,
    seed: Seed = None,
) -> Dataset:
    r"""Simulate a hyperspectral image by the linear mixing model: a pixel is a convex combination of spectra.

    The spectra are smooth, in (0, 1): a continuum times Gaussian absorptions. The abundances are nonnegative, sum to
    one in each pixel, and vary smoothly over a tenth of the image.

    Parameters
    ----------
    shape : sequence of two int
        Rows and columns of the image.
    n_bands : int
        Number of wavelengths, from 400 to 2500 nm.
    rank : int
        Number of materials.
    noise : float
        Norm of the noise over the norm of the clean image.
    pure_pixels : bool
        Plant one pixel of each pure material, which makes the problem separable.
    seed : int or numpy.random.Generator, optional
        Same seed, same data.

    Returns
    -------
    Dataset
        ``data`` (row, column, wavelength); ``truth``: spectra (wavelength, component), abundances (row, column,
        component) and, with ``pure_pixels``, indices (component), positions in the image read row by row.

    Examples
    --------
    >>> d = hyperspectral_scene((8, 9), n_bands=20, rank=3, seed=0)
    >>> bool(np.allclose(d.truth["abundances"].sum("component"), 1))
    True
    """
    rows, columns = check.sizes("shape", shape, count=2)
    n_bands, noise = check.positive_int("n_bands", n_bands), check.nonneg_float("noise", noise)
    rank = check.positive_int("rank", rank, at_most=rows * columns, why=", the number of pixels")
    rng = check.generator(seed)
    wavelength = np.linspace(400, 2500, n_bands)
    spectra = reflectance(wavelength, rank, rng)
    abundances = smooth_abundances((rows, columns), rank, max(rows, columns) / 10, rng)
    truth = {}
    if check.flag("pure_pixels", pure_pixels):
        indices = rng.permutation(rows * columns)[:rank]
        abundances.reshape(-1, rank)[indices] = np.eye(rank)
        truth["indices"] = array(indices, "component")
    coords = {"wavelength": ("wavelength", wavelength, {"long_name": "Wavelength", "units": "nm"})}
    truth["spectra"] = array(spectra, "wavelength", "component", coords=coords)
    truth["spectra"].attrs = {"long_name": "Reflectance", "units": "1"}
    truth["abundances"] = array(abundances, "row", "column", "component")
    truth["abundances"].attrs = {"long_name": "Abundance", "units": "1"}
    data = array(noisy(abundances @ spectra.T, noise, rng), "row", "column", "wavelength", coords=coords)
    data.attrs = {"long_name": "Reflectance", "units": "1"}
    return simulated("hyperspectral_scene", data, truth, f"{rank} materials, relative noise {noise:g}.")
